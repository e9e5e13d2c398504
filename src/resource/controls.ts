import type { Control, ControlName } from '../contract/control.ts'

/**
 * What the sliders of one guest may do, and what each shows: pure functions from readings to `Control`s.
 * Units: cpuCap in percent of one host CPU, memory in MiB, linkBandwidth in bits per second.
 */
export interface ControlReadings {
  readonly running: boolean
  readonly vcpus: number
  readonly hostCpus: number
  /** What the guest booted with: the balloon cannot raise it further. */
  readonly bootMemoryMiB: number
  /** Balloon readings of the running guest; null while it does not report. */
  readonly balloon: { actualMiB: number; guestTotalMiB: number | null; guestAvailableMiB: number | null } | null
  readonly cpuCapUnavailable: string | null
  readonly balloonUnavailable: string | null
  readonly requested: Requested
  readonly effective: { readonly cpuCap: number | null; readonly linkBandwidth: number | null }
  readonly memoryNote: MemoryFollowing
}

export interface Requested {
  readonly cpuCap: number | null
  readonly memory: number | null
  readonly linkBandwidth: number | null
}

/** How the guest's balloon answers the last memory request. */
export interface MemoryFollowing {
  readonly status: Control['status']
  readonly note: string | null
}

export const slowestLinkBitsPerSecond = 64_000
export const fastestLinkBitsPerSecond = 10_000_000_000
const lowestCapPercent = 5
/** The balloon stops this far above what the guest says it uses (design.md 8 and issue 5: working set + 25 %). */
const headroom = 1.25
const memoryStepMiB = 16
/** Below this no desktop guest survives, whatever it says it uses. */
const leastMemoryMiB = 160

/**
 * The lowest balloon target that leaves the guest its working set and 25 % more. Before the guest has reported,
 * three quarters of its boot memory: shrinking blindly is how balloons kill guests.
 */
export function memoryFloorMiB(bootMemoryMiB: number, balloon: ControlReadings['balloon']): number {
  if (balloon === null || balloon.guestTotalMiB === null || balloon.guestAvailableMiB === null) {
    return roundUp(Math.max(Math.min(leastMemoryMiB, bootMemoryMiB), bootMemoryMiB * 0.75))
  }
  const used = balloon.guestTotalMiB - balloon.guestAvailableMiB
  // Memory the guest's kernel keeps outside MemTotal is lost to the balloon as well.
  const kernelMiB = Math.max(0, balloon.actualMiB - balloon.guestTotalMiB)
  return Math.min(bootMemoryMiB, roundUp(Math.max(Math.min(leastMemoryMiB, bootMemoryMiB), used * headroom + kernelMiB)))
}

function roundUp(memoryMiB: number): number {
  return Math.ceil(memoryMiB / memoryStepMiB) * memoryStepMiB
}

export function describeControls(readings: ControlReadings): Record<ControlName, Control> {
  return { cpuCap: cpuCapControl(readings), memory: memoryControl(readings), linkBandwidth: linkControl(readings) }
}

function cpuCapControl(readings: ControlReadings): Control {
  const maximum = Math.max(1, Math.min(readings.hostCpus, readings.vcpus + 1)) * 100
  const { requested, effective } = readings
  const settled = !readings.running || requested.cpuCap === effective.cpuCap
  return {
    name: 'cpuCap',
    requested: requested.cpuCap,
    effective: readings.running ? effective.cpuCap : requested.cpuCap,
    minimum: lowestCapPercent,
    maximum,
    step: 5,
    unlimited: true,
    unit: 'percent',
    marks: [{ value: 100, label: 'one CPU' }],
    applies: readings.cpuCapUnavailable !== null ? 'unavailable' : readings.running ? 'live' : 'next-boot',
    reason: readings.cpuCapUnavailable,
    status: settled ? 'settled' : 'following',
    note: null,
  }
}

function memoryControl(readings: ControlReadings): Control {
  const boot = readings.bootMemoryMiB
  const floor = memoryFloorMiB(boot, readings.balloon)
  const requested = readings.requested.memory ?? boot
  return {
    name: 'memory',
    requested,
    effective: readings.running ? (readings.balloon?.actualMiB ?? null) : requested,
    minimum: Math.min(floor, requested),
    maximum: boot,
    step: memoryStepMiB,
    unlimited: false,
    unit: 'MiB',
    marks: [
      { value: floor, label: 'floor' },
      { value: boot, label: 'boot' },
    ],
    applies: readings.balloonUnavailable !== null ? 'unavailable' : readings.running ? 'live' : 'next-boot',
    reason: readings.balloonUnavailable,
    status: readings.memoryNote.status,
    note: readings.memoryNote.note,
  }
}

function linkControl(readings: ControlReadings): Control {
  const { requested, effective } = readings
  const settled = !readings.running || requested.linkBandwidth === effective.linkBandwidth
  return {
    name: 'linkBandwidth',
    requested: requested.linkBandwidth,
    effective: readings.running ? effective.linkBandwidth : requested.linkBandwidth,
    minimum: slowestLinkBitsPerSecond,
    maximum: fastestLinkBitsPerSecond,
    step: 1,
    unlimited: true,
    unit: 'bit/s',
    marks: [
      { value: 1_000_000, label: '1 Mbit/s' },
      { value: 100_000_000, label: '100 Mbit/s' },
    ],
    applies: readings.running ? 'live' : 'next-boot',
    reason: null,
    status: settled ? 'settled' : 'following',
    note: null,
  }
}

/** Null when `value` can be asked of the control; else why not, naming the range and its unit. */
export function valueFault(control: Control, value: number | null): string | null {
  if (control.applies === 'unavailable') return control.reason
  if (value === null) return control.unlimited ? null : `${control.name} needs a value`
  if (value < control.minimum || value > control.maximum) {
    return `${control.name} takes ${control.minimum} to ${control.maximum} ${control.unit}${control.unlimited ? ', or no limit' : ''}; ${value} lies outside`
  }
  return null
}

/** Within this much of the target the balloon has arrived (page rounding and the guest's own reserve). */
const arrivedMiB = 2

export function hasFollowed(targetMiB: number, actualMiB: number): boolean {
  return Math.abs(targetMiB - actualMiB) <= arrivedMiB
}
