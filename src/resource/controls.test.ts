import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ControlReadings, describeControls, hasFollowed, memoryFloorMiB, valueFault } from './controls.ts'

const readings: ControlReadings = {
  running: true,
  vcpus: 1,
  hostCpus: 4,
  bootMemoryMiB: 512,
  balloon: { actualMiB: 512, guestTotalMiB: 480, guestAvailableMiB: 380 },
  cpuCapUnavailable: null,
  balloonUnavailable: null,
  requested: { cpuCap: null, memory: null, linkBandwidth: null },
  effective: { cpuCap: null, linkBandwidth: null },
  memoryNote: { status: 'settled', note: null },
}

describe('memoryFloorMiB', () => {
  it('leaves the working set and a quarter more, and what the kernel keeps for itself', () => {
    expect(memoryFloorMiB(512, readings.balloon)).toBe(Math.ceil(Math.max(160, 100 * 1.25 + 32) / 16) * 16)
    expect(memoryFloorMiB(1024, { actualMiB: 1024, guestTotalMiB: 1000, guestAvailableMiB: 200 })).toBe(1024)
  })

  it('shrinks blindly by a quarter at most', () => {
    expect(memoryFloorMiB(512, null)).toBe(384)
    expect(memoryFloorMiB(512, { actualMiB: 512, guestTotalMiB: null, guestAvailableMiB: null })).toBe(384)
  })

  it('never lies above the boot memory nor below what the guest uses', () => {
    fc.assert(
      fc.property(fc.integer({ min: 64, max: 65_536 }), fc.double({ min: 0, max: 1, noNaN: true }), (boot, share) => {
        const floor = memoryFloorMiB(boot, { actualMiB: boot, guestTotalMiB: boot, guestAvailableMiB: boot * (1 - share) })
        expect(floor).toBeLessThanOrEqual(boot)
        expect(floor).toBeGreaterThanOrEqual(Math.min(boot, boot * share))
      }),
    )
  })
})

describe('describeControls', () => {
  it('shows requested and effective apart until they meet', () => {
    const controls = describeControls({ ...readings, requested: { cpuCap: 50, memory: 256, linkBandwidth: 1_000_000 } })
    expect(controls.cpuCap).toMatchObject({ requested: 50, effective: null, status: 'following', applies: 'live' })
    expect(controls.linkBandwidth).toMatchObject({ requested: 1_000_000, effective: null, status: 'following' })
    expect(controls.memory).toMatchObject({ requested: 256, effective: 512 })
  })

  it('gives the reason when a control cannot work, and says "next boot" for a stopped guest', () => {
    expect(describeControls({ ...readings, cpuCapUnavailable: 'no cpu controller' }).cpuCap).toMatchObject({ applies: 'unavailable', reason: 'no cpu controller' })
    expect(describeControls({ ...readings, running: false }).memory).toMatchObject({ applies: 'next-boot', effective: 512 })
  })
})

describe('valueFault', () => {
  const { cpuCap, memory } = describeControls(readings)
  it('accepts the ends of the range and refuses just beyond, naming the range and its unit', () => {
    expect(valueFault(cpuCap, cpuCap.minimum)).toBeNull()
    expect(valueFault(cpuCap, cpuCap.maximum)).toBeNull()
    expect(valueFault(cpuCap, cpuCap.maximum + 1)).toMatch(/5 to 200 percent/)
    expect(valueFault(memory, memory.minimum - 1)).toMatch(/MiB/)
  })
  it('knows which controls have no limit', () => {
    expect(valueFault(cpuCap, null)).toBeNull()
    expect(valueFault(memory, null)).not.toBeNull()
  })
})

it('counts a balloon as arrived within rounding only', () => {
  expect(hasFollowed(256, 257)).toBe(true)
  expect(hasFollowed(256, 260)).toBe(false)
})
