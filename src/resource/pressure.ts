import type { BalloonReading } from '../engine/engine.ts'
import { memoryStepMiB } from './memory-control.ts'

/** A guest with less than this left is about to swap or to kill programs. */
const leastAvailableMiB = 32
const leastAvailableShare = 0.06
/** It is then given so much that this share is available again, and this much at least. */
const reliefShare = 0.2
const leastReliefMiB = 64
/** Less swapped in between two readings is a program waking up, not a guest in need. */
const swapStormBytes = 4 << 20

/**
 * How much memory a guest in need should have, MiB; null for a guest that is not, or that has all it can get. Judged by
 * what its balloon driver reports; `before` is the reading before this one.
 */
export function reliefMiB(reading: BalloonReading, before: BalloonReading | null, bootMemoryMiB: number): number | null {
  const { actualMiB, guestTotalMiB: total, guestAvailableMiB: available } = reading
  if (total === null || available === null || actualMiB >= bootMemoryMiB) return null
  const swapped = (reading.swappedInBytes ?? 0) - (before?.swappedInBytes ?? reading.swappedInBytes ?? 0)
  const isShort = available < Math.max(leastAvailableMiB, total * leastAvailableShare) || swapped > swapStormBytes
  if (!isShort) return null
  const give = Math.max(leastReliefMiB, total * reliefShare - available)
  return Math.min(bootMemoryMiB, Math.ceil((actualMiB + give) / memoryStepMiB) * memoryStepMiB)
}
