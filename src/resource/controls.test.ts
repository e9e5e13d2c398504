import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeControls, valueFault } from './controls.ts'
import { hasFollowed, memoryFloorMiB } from './memory-control.ts'
import { type ControlReadings, settled } from './readings.ts'

const requested = { vcpus: null, cpuCap: null, cpuWeight: 100, memory: null, diskIops: null, diskBandwidth: null, linkBandwidth: null }
const limits = { kind: 'linux', accelerator: 'tcg', plugUnavailable: null, hostCpus: 4, vcpus: 1, maximumVcpus: 4, bootMemoryMiB: 512, maximumMemoryMiB: 1_024, cpuCapUnavailable: null, balloonUnavailable: null } as const
const readings: ControlReadings = {
  running: true,
  limits,
  requested,
  room: null,
  vcpus: { plugged: 1, online: 1 },
  vcpuFollowing: settled,
  cpuCap: null,
  cpuWeight: { weight: 100, note: null },
  balloon: { actualMiB: 512, guestTotalMiB: 480, guestAvailableMiB: 380 },
  steady: { actualMiB: 512, guestTotalMiB: 480, guestAvailableMiB: 380 },
  memoryFollowing: settled,
  diskLimits: { iops: null, bytesPerSecond: null },
  linkBandwidth: null,
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
    const controls = describeControls({ ...readings, requested: { ...requested, cpuCap: 50, memory: 256, diskIops: 500, linkBandwidth: 1_000_000 } })
    expect(controls.cpuCap).toMatchObject({ requested: 50, effective: null, status: 'following', applies: 'live' })
    expect(controls.linkBandwidth).toMatchObject({ requested: 1_000_000, effective: null, status: 'following' })
    expect(controls.diskIops).toMatchObject({ requested: 500, effective: null, status: 'following' })
    expect(controls.memory).toMatchObject({ requested: 256, effective: 512 })
  })

  it('gives the reason when a control cannot work, and says "next boot" for a stopped guest', () => {
    expect(describeControls({ ...readings, limits: { ...limits, cpuCapUnavailable: 'no cpu controller' } }).cpuCap).toMatchObject({ applies: 'unavailable', reason: 'no cpu controller' })
    for (const control of Object.values(describeControls({ ...readings, running: false }))) expect(control).toMatchObject({ applies: 'next-boot', effective: control.requested })
  })

  it('counts the vCPUs that the guest uses, by its own word where it has one', () => {
    expect(describeControls({ ...readings, vcpus: { plugged: 3, online: 2 } }).vcpus.effective).toBe(2)
    expect(describeControls({ ...readings, vcpus: { plugged: 3, online: null } }).vcpus.effective).toBe(3)
  })

  it('plugs nothing into a Windows that runs on the host’s own processor model, and says why', () => {
    const windows = describeControls({ ...readings, limits: { ...limits, plugUnavailable: 'not into this Windows' } }).vcpus
    expect(windows).toMatchObject({ applies: 'next-boot', reason: 'not into this Windows' })
    expect(describeControls({ ...readings, limits: { ...limits, kind: 'windows' } }).vcpus.applies).toBe('live')
  })

  it('marks how far the host’s budget goes', () => {
    const controls = describeControls({ ...readings, room: { memoryMiB: 700, cpuPercent: 230 } })
    expect(controls.memory.budgetMaximum).toBe(688)
    expect(controls.vcpus.budgetMaximum).toBe(2)
    expect(describeControls({ ...readings, room: { memoryMiB: 9_000, cpuPercent: 900 } }).memory.budgetMaximum).toBeUndefined()
  })

  it('says so when a weight is only as near as nice comes', () => {
    const { cpuWeight } = describeControls({ ...readings, requested: { ...requested, cpuWeight: 200 }, cpuWeight: { weight: 100, note: 'nice may not raise' } })
    expect(cpuWeight).toMatchObject({ requested: 200, effective: 100, status: 'not-followed', note: 'nice may not raise' })
  })
})

describe('valueFault', () => {
  const { cpuCap, memory } = describeControls(readings)
  it('accepts the ends of the range and refuses just beyond, naming the range and its unit', () => {
    expect(valueFault(cpuCap, cpuCap.minimum)).toBeNull()
    expect(valueFault(cpuCap, cpuCap.maximum)).toBeNull()
    expect(valueFault(cpuCap, cpuCap.maximum + 1)).toMatch(/^cpu\.cap takes 5 % to 400 %.*; 401 % lies outside$/)
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
