import { mebibytesInWords } from '../contract/amount.ts'
import type { Control, ControlChange, ControlName } from '../contract/control.ts'
import type { GuestName } from '../contract/names.ts'
import { memoryStepMiB } from './memory-control.ts'
import { promisedCpuPercent } from './readings.ts'

/** One of the two guests between which something is divided. */
export interface Side {
  readonly guest: GuestName
  readonly controls: Record<ControlName, Control>
}

export interface CrossfadePlan {
  readonly left: ControlChange
  readonly right: ControlChange
  /** What keeps it from going all the way, in words. */
  readonly limits: readonly string[]
}

/** Below this a guest's screen and network stand still. */
const leastCpuPercent = 10
const cpuStepPercent = 5

/** Divides what both have together: `share` (0 to 1) to the right. The sums stay; nobody leaves his range. Pure. */
export function planCrossfade(left: Side, right: Side, share: number): CrossfadePlan {
  const limits: string[] = []
  const memory = dividedMemory(left, right, share, limits)
  const cpu = divide(cpuRange(left), cpuRange(right), share, cpuStepPercent, limits, (name, percent) => `${name} goes no further than ${percent} % of a CPU`)
  return {
    left: { ...cpuChange(left, cpu.left), ...(memory === null ? {} : { memory: memory.left }) },
    right: { ...cpuChange(right, cpu.right), ...(memory === null ? {} : { memory: memory.right }) },
    limits,
  }
}

interface Range {
  readonly guest: GuestName
  readonly now: number
  readonly minimum: number
  readonly maximum: number
}

function dividedMemory(left: Side, right: Side, share: number, limits: string[]): { left: number; right: number } | null {
  const blocked = [left, right].find(({ controls }) => controls.memory.applies === 'unavailable')
  if (blocked !== undefined) {
    limits.push(`memory stays as it is: ${blocked.controls.memory.reason ?? `that of ${blocked.guest} cannot move`}`)
    return null
  }
  return divide(memoryRange(left), memoryRange(right), share, memoryStepMiB, limits, (name, mebibytes) => `${name} goes no further than ${mebibytesInWords(mebibytes)}`)
}

function divide(left: Range, right: Range, share: number, step: number, limits: string[], words: (guest: GuestName, value: number) => string): { left: number; right: number } {
  const sum = left.now + right.now
  const lowest = Math.max(right.minimum, sum - left.maximum)
  const highest = Math.max(lowest, Math.min(right.maximum, sum - left.minimum))
  const wanted = sum * share
  const toRight = Math.min(highest, Math.max(lowest, Math.round(wanted / step) * step))
  if (wanted < lowest - step) limits.push(lowest === right.minimum ? words(right.guest, right.minimum) : words(left.guest, left.maximum))
  if (wanted > highest + step) limits.push(highest === right.maximum ? words(right.guest, right.maximum) : words(left.guest, left.minimum))
  return { left: sum - toRight, right: toRight }
}

function memoryRange({ guest, controls: { memory } }: Side): Range {
  const floor = memory.marks.find((mark) => mark.kind === 'floor')?.value ?? memory.minimum
  return { guest, now: memory.requested ?? memory.maximum, minimum: Math.min(floor, memory.requested ?? floor), maximum: memory.maximum }
}

function cpuRange({ guest, controls: { vcpus, cpuCap } }: Side): Range {
  const now = promisedCpuPercent(vcpus.requested ?? 1, cpuCap.requested)
  const cannotCap = cpuCap.applies === 'unavailable'
  return { guest, now, minimum: cannotCap ? 100 : leastCpuPercent, maximum: (vcpus.applies === 'live' ? vcpus.maximum : (vcpus.requested ?? 1)) * 100 }
}

/** As many vCPUs as the share needs, and a cap where it is less than they could use. */
function cpuChange({ controls }: Side, percent: number): ControlChange {
  const { vcpus, cpuCap } = controls
  const before = vcpus.requested ?? 1
  const count = vcpus.applies === 'live' ? Math.max(1, Math.min(vcpus.maximum, Math.ceil(percent / 100))) : before
  const cap = percent >= count * 100 ? null : percent
  return {
    ...(count === before ? {} : { vcpus: count }),
    ...(cpuCap.applies === 'unavailable' || cap === cpuCap.requested ? {} : { cpuCap: cap }),
  }
}

/**
 * The changes that bring back all that a crossfade may move, so that one answer takes back a row of moves that began with
 * it. CPU and memory by themselves: a guest that has come to need its new memory still gives the CPU back.
 */
export function wayBack({ vcpus, cpuCap, memory }: Side['controls']): ControlChange[] {
  const cpu: ControlChange = {
    ...(vcpus.requested === null ? {} : { vcpus: vcpus.requested }),
    ...(cpuCap.applies === 'unavailable' ? {} : { cpuCap: cpuCap.requested }),
  }
  return [cpu, ...(memory.requested === null || memory.applies === 'unavailable' ? [] : [{ memory: memory.requested }])]
}
