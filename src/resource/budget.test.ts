import { describe, expect, it } from 'vitest'
import { GuestName } from '../contract/names.ts'
import { hostBudget, memoryReserveMiB, roomFor, sizeRefusal, startRefusal } from './budget.ts'

const [linux, windows] = [GuestName.parse('linux'), GuestName.parse('windows')]
const load = { cpus: 4, totalMiB: 16_384, availableMiB: 9_000, cpuPercent: 130 }
const guests = [
  { guest: linux, memoryMiB: 4_096, usedMiB: 2_000, cpuPercent: 200, usedCpuPercent: 80 },
  { guest: windows, memoryMiB: 6_144, usedMiB: 5_000, cpuPercent: 100, usedCpuPercent: 20 },
]

it('keeps 2 GiB or a fifth for the computer itself, and of a small one half', () => {
  expect([4_096, 8_192, 16_384, 65_536, 2_048].map(memoryReserveMiB)).toEqual([2_048, 2_048, 3_277, 13_107, 1_024])
})

describe('hostBudget', () => {
  it('adds up what is promised, and tells what is left', () => {
    const { memory, cpu } = hostBudget(load, guests)
    expect(memory).toMatchObject({ promised: 10_240, inUse: 7_384, limit: 13_107, free: 2_867 })
    expect(cpu).toMatchObject({ total: 400, reserve: 0, promised: 300, inUse: 130, free: 100 })
  })

  it('leaves each guest what the others are not promised', () => {
    const budget = hostBudget(load, guests)
    expect(roomFor(linux, budget)).toEqual({ memoryMiB: 13_107 - 6_144, cpuPercent: 300 })
    expect(roomFor(GuestName.parse('third'), budget)).toEqual({ memoryMiB: 2_867, cpuPercent: 100 })
  })
})

describe('startRefusal', () => {
  const room = { memoryMiB: 2_867, cpuPercent: 100 }
  it('lets a guest start that fits', () => expect(startRefusal(2_048, room, load)).toBeNull())
  it('asks first beyond the budget, while there is memory', () => {
    expect(startRefusal(4_096, room, load)).toMatchObject({ certain: false, reason: expect.stringContaining('2.7 GiB are left') as string })
  })
  it('never starts into certain swap, however much is promised', () => {
    expect(startRefusal(9_001, { memoryMiB: 99_999, cpuPercent: 400 }, load)).toMatchObject({ certain: true })
  })
})

describe('sizeRefusal', () => {
  it('says what the whole computer could not give, as starting would', () => {
    expect([13_107, 13_108, 16_384, 16_385].map((memoryMiB) => sizeRefusal(memoryMiB, 16_384)?.certain ?? null)).toEqual([null, false, false, true])
    expect(sizeRefusal(921_600, 16_384)?.reason).toBe('it needs 900 GiB, and this computer has 16 GiB')
    expect(sizeRefusal(14_000, 16_384)?.reason).toContain('can promise 12.7 GiB')
  })
  it('agrees with a start beside nobody', () => {
    for (const memoryMiB of [1_024, 13_107, 13_108, 20_000]) {
      const alone = startRefusal(memoryMiB, roomFor(linux, hostBudget({ ...load, availableMiB: load.totalMiB }, [])), { ...load, availableMiB: load.totalMiB })
      expect(sizeRefusal(memoryMiB, load.totalMiB)?.certain).toBe(alone?.certain)
    }
  })
})
