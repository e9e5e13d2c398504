import type { ControlChange } from '../../src/contract/control.ts'
import { GuestName } from '../../src/contract/names.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'

const usage = (what: string, wayOut: string | null = null) => new CommandFailure(exitCodes.usage, what, wayOut)

/** A guest's name as typed. */
export function readGuestName(text: string): GuestName {
  const name = GuestName.safeParse(text)
  if (!name.success) throw usage(`"${text}" cannot be a guest's name: ${name.error.issues[0]?.message ?? 'it is not valid'}.`)
  return name.data
}

/** What `diptych set` understands, in the words its help and its errors use. */
export const settings = {
  memory: 'memory=384MiB or memory=1.5GiB',
  cpu: 'cpu=50% (percent of one host CPU, 200% is two) or cpu=unlimited',
  link: 'link=10Mbit, link=64kbit, link=1Gbit, link=unlimited, link=down or link=up',
} as const

/** `memory=384MiB cpu=50% link=10Mbit` as a change. Throws CommandFailure (usage) saying what would be right. */
export function readChange(assignments: readonly string[]): ControlChange {
  const change: ControlChange = {}
  for (const assignment of assignments) {
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(assignment) ?? []
    if (key === '') throw usage(`"${assignment}" is not of the form setting=value.`, `Settings: ${Object.values(settings).join('; ')}.`)
    const part = readSetting(key, value)
    for (const name of Object.keys(part)) if (name in change) throw usage(`${key} is given twice.`, 'Give each setting once.')
    Object.assign(change, part)
  }
  return change
}

function readSetting(key: string, value: string): ControlChange {
  switch (key) {
    case 'memory':
      return { memory: readMemory(value) }
    case 'cpu':
      return { cpuCap: readCpu(value) }
    case 'link':
      return readLink(value)
    default:
      throw usage(`There is no setting "${key}".`, `Settings: ${Object.values(settings).join('; ')}.`)
  }
}

/** MiB, whole. Binary units only, so that nobody wonders which megabyte is meant. */
function readMemory(text: string): number {
  const amount = readAmount(text, { MiB: 1, GiB: 1024 })
  if (amount === null || !Number.isInteger(amount) || amount === 0) throw usage(`"${text}" is not an amount of memory.`, `Write ${settings.memory}; whole MiB.`)
  return amount
}

function readCpu(text: string): number | null {
  if (text === 'unlimited') return null
  const amount = readAmount(text, { '%': 1 })
  if (amount === null || amount === 0) throw usage(`"${text}" is not a CPU cap.`, `Write ${settings.cpu}.`)
  return amount
}

/** Bits per second, decimal units as networks count them (10Mbit is ten million). */
function readLink(text: string): ControlChange {
  if (text === 'up' || text === 'down') return { linkUp: text === 'up' }
  if (text === 'unlimited') return { linkBandwidth: null }
  const amount = readAmount(text.replace(/\/s$/, ''), { bit: 1, kbit: 1e3, Mbit: 1e6, Gbit: 1e9 })
  if (amount === null || !Number.isInteger(amount) || amount === 0) throw usage(`"${text}" is not a link setting.`, `Write ${settings.link}.`)
  return { linkBandwidth: amount }
}

function readAmount(text: string, units: Readonly<Record<string, number>>): number | null {
  const [, digits = '', unit = ''] = /^(\d{1,12}(?:\.\d{1,3})?)([A-Za-z%]+)$/.exec(text) ?? []
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined
  return factor === undefined ? null : Math.round(Number(digits) * factor * 1000) / 1000
}

/** `2.5 s`, `380 ms`; for people. */
export function formatMilliseconds(milliseconds: number | null): string {
  if (milliseconds === null) return '-'
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
}

/** A control's value as `diptych set` would take it. */
export function formatControl(value: number | null, unit: 'percent' | 'MiB' | 'bit/s'): string {
  if (value === null) return 'unlimited'
  if (unit === 'percent') return `${value}%`
  if (unit === 'MiB') return `${value}MiB`
  const [factor, name] = value >= 1e9 ? [1e9, 'Gbit'] : value >= 1e6 ? [1e6, 'Mbit'] : value >= 1e3 ? [1e3, 'kbit'] : [1, 'bit']
  return `${Number((value / Number(factor)).toFixed(3))}${name}`
}
