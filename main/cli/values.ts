import type { ControlChange } from '../../src/contract/control.ts'
import { GuestName } from '../../src/contract/names.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { linkSettings, mergeLink, readLinkSetting } from './link-values.ts'
import { readAmount } from './units.ts'

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
  ...linkSettings,
} as const

/** `memory=384MiB cpu=50% link=10Mbit` as a change. Throws CommandFailure (usage) saying what would be right. */
export function readChange(assignments: readonly string[]): ControlChange {
  const change: ControlChange = {}
  const given = new Set<string>()
  for (const assignment of assignments) {
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(assignment) ?? []
    if (key === '') throw usage(`"${assignment}" is not of the form setting=value.`, `Settings: ${Object.values(settings).join('; ')}.`)
    const { link, ...part } = readSetting(key, value)
    const name = key === 'link' ? (Object.keys(part)[0] ?? key) : key
    if (given.has(name)) throw usage(`${key} is given twice.`, 'Give each setting once.')
    given.add(name)
    const merged = mergeLink(change.link, link)
    Object.assign(change, part, merged === undefined ? {} : { link: merged })
  }
  return change
}

function readSetting(key: string, value: string): ControlChange {
  switch (key) {
    case 'memory':
      return { memory: readMemory(value) }
    case 'cpu':
      return { cpuCap: readCpu(value) }
    default:
      return readLinkSetting(key, value) ?? refuseSetting(key)
  }
}

function refuseSetting(key: string): never {
  throw usage(`There is no setting "${key}".`, `Settings: ${Object.values(settings).join('; ')}.`)
}

/** MiB, whole. Binary units only, so that nobody wonders which megabyte is meant. */
export function readMemory(text: string): number {
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
