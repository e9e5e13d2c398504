import { mebibytesInWords } from '../contract/amount.ts'
import { ControlName, type Control, type ControlChange } from '../contract/control.ts'
import type { GuestName } from '../contract/names.ts'
import { Refusal } from '../contract/refusal.ts'
import { valueFault } from './controls.ts'
import { priorityValues } from './priority.ts'
import { promisedCpuPercent, type ControlReadings } from './readings.ts'

/** The preset's values first, as far as this host can hold them; what else is named wins over them. */
export function withPriority({ priority, ...named }: ControlChange, canCap: boolean): Omit<ControlChange, 'priority'> {
  if (priority === undefined) return named
  const { cpuCap, ...others } = priorityValues[priority]
  return { ...others, ...(canCap ? { cpuCap } : {}), ...named }
}

/** Throws Refusal for the first value that cannot be asked for. */
export function checkValues(guest: GuestName, controls: Record<ControlName, Control>, change: ControlChange): void {
  for (const name of ControlName.options) {
    const value = change[name]
    const fault = value === undefined ? null : valueFault(controls[name], value)
    if (fault === null) continue
    const unavailable = controls[name].applies === 'unavailable'
    throw new Refusal(unavailable ? 'unsupported' : 'out-of-range', guest, fault, unavailable ? undefined : 'choose a value within the range')
  }
}

const confirm = 'take it from another guest first, or confirm it (--force)'

/** Throws Refusal('over-budget') when the change raises what a running guest is promised beyond what is left for it. */
export function checkBudget(guest: GuestName, { running, room, limits, requested }: ControlReadings, change: ControlChange): void {
  if (!running || room === null) return
  const memoryBefore = requested.memory ?? limits.bootMemoryMiB
  const memory = change.memory ?? memoryBefore
  if (memory > memoryBefore && memory > room.memoryMiB) {
    throw new Refusal('over-budget', guest, `of this computer's memory ${mebibytesInWords(Math.max(0, room.memoryMiB), Math.floor)} can be promised to it; the rest is promised to other guests or kept for this computer itself`, confirm)
  }
  const promise = (vcpus: number | null, cap: number | null) => promisedCpuPercent(vcpus ?? limits.vcpus, cap)
  const cpuBefore = promise(requested.vcpus, requested.cpuCap)
  const cpu = promise(change.vcpus ?? requested.vcpus, change.cpuCap === undefined ? requested.cpuCap : change.cpuCap)
  if (cpu > cpuBefore && cpu > room.cpuPercent) {
    throw new Refusal('over-budget', guest, `${cpu} % of a CPU would be promised to it, and ${Math.max(0, Math.floor(room.cpuPercent))} % are left beside what the other guests are promised; they would have to share`, confirm)
  }
}
