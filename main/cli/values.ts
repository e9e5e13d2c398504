import { Priority, type ControlChange } from '../../src/contract/control.ts'
import { MemoryMiB } from '../../src/contract/guest-settings.ts'
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

/** A title as typed, of a guest, a template or a snapshot. */
export function readTitle(text: string): string {
  if (text.trim() === '' || text.length > 80) throw usage(`"${text}" cannot be a title.`, 'Write 1 to 80 characters.')
  return text
}

/** What `diptych set` understands, in the words its help and its errors use. */
export const settings = {
  memory: 'memory=384MiB or memory=1.5GiB',
  cpu: 'cpu=50% or cpu.cap=50% (percent of one host CPU, 200% is two), cpu=unlimited',
  weight: 'cpu.weight=200 (10 to 1000, 100 is normal)',
  vcpus: 'vcpus=2',
  disk: 'disk.iops=500, disk.bandwidth=20MB/s or either =unlimited',
  priority: 'priority=low, priority=normal or priority=star',
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
    const name = Object.keys(part)[0] ?? key
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
      return { memory: memoryAmount(value, settings.memory) }
    case 'cpu':
    case 'cpu.cap':
      return { cpuCap: readCpu(value) }
    case 'cpu.weight':
      return { cpuWeight: readCount(value, settings.weight) }
    case 'vcpus':
      return { vcpus: readCount(value, settings.vcpus) }
    case 'disk.iops':
      return { diskIops: value === 'unlimited' ? null : readCount(value, settings.disk) }
    case 'disk.bandwidth':
      return { diskBandwidth: value === 'unlimited' ? null : readBytes(value) }
    case 'priority':
      return { priority: readPriority(value) }
    default:
      return readLinkSetting(key, value) ?? refuseSetting(key)
  }
}

function refuseSetting(key: string): never {
  throw usage(`There is no setting "${key}".`, `Settings: ${Object.values(settings).join('; ')}.`)
}

/** MiB, whole. Binary units only, so that nobody wonders which megabyte is meant. */
export function readMemory(text: string): number {
  const amount = memoryAmount(text, '384MiB or 1.5GiB')
  const bound = MemoryMiB.safeParse(amount).error?.issues[0]?.message
  if (bound !== undefined) throw usage(`"${text}" is no memory of a guest: ${bound}.`, 'Write 384MiB or 1.5GiB; whole MiB.')
  return amount
}

function memoryAmount(text: string, right: string): number {
  const amount = readAmount(text, { MiB: 1, GiB: 1024, TiB: 1_048_576 })
  if (amount === null || !Number.isInteger(amount) || amount === 0) throw usage(`"${text}" is not an amount of memory.`, `Write ${right}; whole MiB.`)
  return amount
}

function readCount(text: string, right: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw usage(`"${text}" is not a whole number from 1 on.`, `Write ${right}.`)
  return Number(text)
}

/** Bytes per second, decimal units as disks are sold; the `/s` may be left out. */
function readBytes(text: string): number {
  const amount = readAmount(text.replace(/\/s$/, ''), { kB: 1e3, MB: 1e6, GB: 1e9 })
  if (amount === null || !Number.isInteger(amount) || amount === 0) throw usage(`"${text}" is not an amount of data a second.`, `Write ${settings.disk}.`)
  return amount
}

function readPriority(text: string): Priority {
  const priority = Priority.safeParse(text)
  if (!priority.success) throw usage(`"${text}" is not a priority.`, `Write ${settings.priority}.`)
  return priority.data
}

function readCpu(text: string): number | null {
  if (text === 'unlimited') return null
  const amount = readAmount(text, { '%': 1 })
  if (amount === null || amount === 0) throw usage(`"${text}" is not a CPU cap.`, `Write ${settings.cpu}.`)
  return amount
}
