import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GuestName } from '../contract/names.ts'
import { planCrossfade, type Side, wayBack } from './crossfade.ts'
import { describeControls } from './controls.ts'
import { promisedCpuPercent, settled, type Limits, type Requested } from './readings.ts'

const limits: Limits = { kind: 'linux', accelerator: 'tcg', plugUnavailable: null, hostCpus: 2, vcpus: 1, maximumVcpus: 2, bootMemoryMiB: 512, maximumMemoryMiB: 1_024, cpuCapUnavailable: null, balloonUnavailable: null }
const requested: Requested = { vcpus: null, cpuCap: null, cpuWeight: 100, memory: null, diskIops: null, diskBandwidth: null, linkBandwidth: null }

function side(name: string, asked: Partial<Requested> = {}, own: Partial<Limits> = {}): Side {
  const now = { ...requested, ...asked }
  const memory = { actualMiB: now.memory ?? 512, guestTotalMiB: (now.memory ?? 512) - 32, guestAvailableMiB: (now.memory ?? 512) - 32 - 200 }
  const controls = describeControls({
    running: true,
    limits: { ...limits, ...own },
    requested: now,
    room: null,
    vcpus: { plugged: now.vcpus ?? 1, online: now.vcpus ?? 1 },
    vcpuFollowing: settled,
    cpuCap: now.cpuCap,
    cpuWeight: { weight: 100, note: null },
    balloon: memory,
    steady: memory,
    memoryFollowing: settled,
    diskLimits: null,
    linkBandwidth: null,
  })
  return { guest: GuestName.parse(name), controls }
}

/** What each has after the change. */
function after({ controls }: Side, change: { vcpus?: number | undefined; cpuCap?: number | null | undefined; memory?: number | undefined }) {
  const vcpus = change.vcpus ?? controls.vcpus.requested ?? 1
  return { memory: change.memory ?? controls.memory.requested ?? 0, cpu: promisedCpuPercent(vcpus, change.cpuCap === undefined ? controls.cpuCap.requested : change.cpuCap) }
}

describe('planCrossfade', () => {
  it('three quarters: the right one gets a second vCPU and the memory, the left one a cap', () => {
    const plan = planCrossfade(side('left'), side('right'), 0.75)
    expect(plan.left).toEqual({ cpuCap: 50, memory: 288 })
    expect(plan.right).toEqual({ vcpus: 2, cpuCap: 150, memory: 736 })
  })

  it('asked again, moves nothing', () => {
    const plan = planCrossfade(side('left', { cpuCap: 50, memory: 288 }), side('right', { vcpus: 2, cpuCap: 150, memory: 736 }), 0.75)
    expect([plan.left, plan.right]).toEqual([{ memory: 288 }, { memory: 736 }])
  })

  it('the sums stay and nobody leaves his range, whatever is asked', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 20, max: 60 }), fc.integer({ min: 20, max: 60 }), fc.constantFrom(1, 2), fc.constantFrom(null, 30, 100), (share, a, b, vcpus, cap) => {
        const [left, right] = [side('left', { memory: a * 16, cpuCap: cap }), side('right', { memory: b * 16, vcpus })]
        const plan = planCrossfade(left, right, share)
        const [before, now] = [[after(left, {}), after(right, {})], [after(left, plan.left), after(right, plan.right)]]
        for (const what of ['memory', 'cpu'] as const) expect(now.reduce((sum, each) => sum + each[what], 0)).toBe(before.reduce((sum, each) => sum + each[what], 0))
        for (const [each, { controls }] of [[now[0], left], [now[1], right]] as const) {
          expect(each?.memory).toBeLessThanOrEqual(controls.memory.maximum)
          expect(each?.memory).toBeGreaterThanOrEqual(controls.memory.minimum)
          expect(each?.cpu).toBeGreaterThanOrEqual(10)
        }
      }),
    )
  })

  it('says what kept it', () => {
    expect(planCrossfade(side('left'), side('right'), 1).limits).toContainEqual(expect.stringContaining('left goes no further than'))
    expect(planCrossfade(side('left', {}, { balloonUnavailable: 'no balloon here' }), side('right'), 0.6).limits).toContainEqual('memory stays as it is: no balloon here')
  })

  it('leaves the vCPUs of a guest that cannot take any as they are', () => {
    const plan = planCrossfade(side('left'), side('right', {}, { plugUnavailable: 'no room' }), 0.9)
    expect(plan.right.vcpus).toBeUndefined()
    expect(plan.limits).toContainEqual(expect.stringContaining('100 % of a CPU'))
  })
})

it('the way back holds all that this and later moves of a row may change', () => {
  expect(wayBack(side('left', { cpuCap: 80 }).controls)).toEqual([{ vcpus: 1, cpuCap: 80 }, { memory: 512 }])
  expect(wayBack(side('right', {}, { cpuCapUnavailable: 'no control groups', balloonUnavailable: 'a live clone' }).controls)).toEqual([{ vcpus: 1 }])
})
