import type { Control } from '../contract/control.ts'
import type { ControlReadings, MemoryReading } from './readings.ts'

/** The balloon stops this far above what the guest says it uses (design.md 8 and issue 5: working set + 25 %). */
const headroom = 1.25
export const memoryStepMiB = 16
/** Below this no desktop guest survives, whatever it says it uses. */
const leastMemoryMiB = 160

/**
 * The lowest balloon target that leaves the guest its working set and 25 % more. Before the guest has reported,
 * three quarters of its boot memory: shrinking blindly is how balloons kill guests.
 */
export function memoryFloorMiB(bootMemoryMiB: number, balloon: MemoryReading | null): number {
  if (balloon === null || balloon.guestTotalMiB === null || balloon.guestAvailableMiB === null) {
    return roundUp(Math.max(Math.min(leastMemoryMiB, bootMemoryMiB), bootMemoryMiB * 0.75))
  }
  const used = balloon.guestTotalMiB - balloon.guestAvailableMiB
  // Memory the guest's kernel keeps outside MemTotal is lost to the balloon as well.
  const kernelMiB = Math.max(0, balloon.actualMiB - balloon.guestTotalMiB)
  return Math.min(bootMemoryMiB, roundUp(Math.max(Math.min(leastMemoryMiB, bootMemoryMiB), used * headroom + kernelMiB)))
}

export function memoryControl({ limits, balloon, steady, room, running, memoryFollowing, ...readings }: ControlReadings): Control {
  const { bootMemoryMiB: boot, maximumMemoryMiB: maximum } = limits
  const floor = memoryFloorMiB(boot, running ? steady : null)
  const requested = readings.requested.memory ?? boot
  const affordable = room === null ? maximum : Math.floor(room.memoryMiB / memoryStepMiB) * memoryStepMiB
  return {
    name: 'memory',
    requested,
    effective: running ? (balloon?.actualMiB ?? null) : requested,
    minimum: Math.min(floor, requested),
    maximum,
    step: memoryStepMiB,
    unlimited: false,
    unit: 'MiB',
    marks: [
      { value: floor, label: 'floor', kind: 'floor' },
      { value: boot, label: 'boot', kind: 'boot' },
      ...(maximum > boot ? [{ value: maximum, label: 'most', kind: 'maximum' } as const] : []),
    ],
    applies: limits.balloonUnavailable !== null ? 'unavailable' : running ? 'live' : 'next-boot',
    reason: limits.balloonUnavailable,
    ...memoryFollowing,
    ...(affordable < maximum ? { budgetMaximum: affordable } : {}),
  }
}

function roundUp(memoryMiB: number): number {
  return Math.ceil(memoryMiB / memoryStepMiB) * memoryStepMiB
}

/** Within this much of the target the balloon has arrived (page rounding and the guest's own reserve). */
const arrivedMiB = 2

export function hasFollowed(targetMiB: number, actualMiB: number): boolean {
  return Math.abs(targetMiB - actualMiB) <= arrivedMiB
}
