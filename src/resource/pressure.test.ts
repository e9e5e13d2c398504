import { expect, it } from 'vitest'
import type { BalloonReading } from '../engine/engine.ts'
import { reliefMiB } from './pressure.ts'

const reading = (actualMiB: number, available: number | null, swappedInBytes = 0): BalloonReading => ({ actualMiB, guestTotalMiB: available === null ? null : actualMiB - 60, guestAvailableMiB: available, swappedInBytes })

it('gives back so much that a fifth is available again, in whole steps', () => {
  expect(reliefMiB(reading(300, 20), null, 512)).toBe(368)
  expect(reliefMiB(reading(1_000, 10), null, 2_048)).toBe(1_184)
})

it('gives no more than the guest booted with, and nothing to one that has it all', () => {
  expect(reliefMiB(reading(500, 5), null, 512)).toBe(512)
  expect(reliefMiB(reading(512, 5), null, 512)).toBeNull()
})

it('leaves a guest alone that is well, or that does not say', () => {
  expect(reliefMiB(reading(300, 100), null, 512)).toBeNull()
  expect(reliefMiB(reading(300, null), null, 512)).toBeNull()
})

it('takes swapping for need, but not a program that wakes up', () => {
  expect(reliefMiB(reading(300, 100, 9 << 20), reading(300, 100, 1 << 20), 512)).not.toBeNull()
  expect(reliefMiB(reading(300, 100, 3 << 20), reading(300, 100, 1 << 20), 512)).toBeNull()
})
