// oxlint-disable unicorn/no-thenable -- `then` is the rule's own word, and never a function
import { describe, expect, it } from 'vitest'
import { amountMiB, type Policies } from '../contract/policy.ts'
import { durationMs, weightIn } from './amounts.ts'
import { type Action, decide, fresh, type Memory, type Observation, restartDelayMs } from './decide.ts'

const idle: Observation = { atMs: 0, state: 'running', cpuPercent: 1, idleCpuPercent: 8, diskBytesPerSecond: 0, networkBitsPerSecond: 0, memory: null, cpuWeight: 100 }
const memory = { requestedMiB: 512, actualMiB: 512, availableMiB: 300, totalMiB: 480, floorMiB: 240, bootMiB: 512, following: false }

/** One observation a second; what was done, with the second it was done in. */
function play(policies: Policies, observations: readonly Partial<Observation>[]): { second: number; action: Action }[] {
  let remembered: Memory = fresh
  return observations.flatMap((each, second) => {
    const { memory: after, actions } = decide(policies, remembered, { ...idle, atMs: second * 1_000 + 1_000_000, ...each })
    remembered = after
    return actions.map((action) => ({ second, action }))
  })
}
const times = (count: number, what: Partial<Observation>) => Array.from({ length: count }, () => what)

it('reads amounts', () => {
  expect([durationMs('30s'), durationMs('10m'), durationMs('2h')]).toEqual([30_000, 600_000, 7_200_000])
  expect([amountMiB('512MiB'), amountMiB('2GiB')]).toEqual([512, 2_048])
  expect([weightIn('weight=10'), weightIn('pause')]).toEqual([10, null])
})

it('without rules nothing is done', () => {
  expect(play({}, [...times(50, { memory }), ...times(50, { state: 'failed' })])).toEqual([])
})

describe('restart', () => {
  it('starts a failed guest again, each time in a row later', () => {
    const done = play({ restart: 'on-failure' }, [{}, ...times(3, { state: 'failed' }), { state: 'changing' }, {}, {}, ...times(6, { state: 'failed' })])
    expect(done.map(({ second, action }) => [second, action.kind, action.rule])).toEqual([[3, 'start', 'restart: on-failure'], [11, 'start', 'restart: on-failure']])
    expect([1, 2, 3, 9, 50].map(restartDelayMs)).toEqual([2_000, 4_000, 8_000, 300_000, 300_000])
  })
  it('a guest that was stopped, or shut itself down, stays so', () => expect(play({ restart: 'on-failure' }, [{}, ...times(30, { state: 'stopped' })])).toEqual([]))
  it('a guest that ran for long has recovered', () => {
    const done = play({ restart: 'on-failure' }, [...times(3, { state: 'failed' }), ...times(700, {}), ...times(3, { state: 'failed' })])
    expect(done.map(({ second }) => second)).toEqual([2, 705])
  })
  it('never does nothing', () => expect(play({ restart: 'never' }, times(30, { state: 'failed' }))).toEqual([]))
})

describe('idle', () => {
  it('pauses a guest that did nothing for so long, once', () => {
    const done = play({ idle: { after: '5s', then: 'pause' } }, [...times(7, {}), ...times(20, { state: 'paused' })])
    expect(done.map(({ second, action }) => [second, action.kind])).toEqual([[5, 'pause']])
  })
  it('any work begins the count anew', () => {
    expect(play({ idle: { after: '5s', then: 'pause' } }, [...times(4, {}), { cpuPercent: 60 }, ...times(4, {}), { diskBytesPerSecond: 1e6 }, ...times(4, {}), { networkBitsPerSecond: 1e6 }, ...times(4, {})])).toEqual([])
  })
  it('weighs it less until it works again, then as before', () => {
    const policies: Policies = { idle: { after: '3s', then: 'weight=10' } }
    const done = play(policies, [...times(4, { cpuWeight: 300 }), ...times(5, { cpuWeight: 10 }), { cpuPercent: 70, cpuWeight: 10 }])
    expect(done.map(({ second, action }) => [second, action])).toEqual([
      [3, expect.objectContaining({ kind: 'weight', weight: 10, rule: 'idle: after 3s, weight=10' })],
      [9, expect.objectContaining({ kind: 'weight', weight: 300 })],
    ])
  })
  it('a rule that is taken away gives back what it took', () => {
    const { memory: remembered } = decide({ idle: { after: '1s', then: 'weight=10' } }, { ...fresh, idleSinceMs: 0 }, { ...idle, atMs: 5_000 })
    expect(decide({}, remembered, { ...idle, atMs: 6_000, cpuWeight: 10 }).actions).toEqual([expect.objectContaining({ kind: 'weight', weight: 100 })])
  })
})

describe('memory', () => {
  it('takes a tenth of what lies idle, and takes its time over it', () => {
    const done = play({ memory: { auto: true } }, times(30, { memory }))
    expect(done.map(({ second, action }) => [second, action.kind === 'memory' ? action.targetMiB : null])).toEqual([[0, 464], [15, 464]])
  })
  it('gives a guest in need a fifth at once, up to the ceiling', () => {
    const short = { ...memory, actualMiB: 300, totalMiB: 260, availableMiB: 30 }
    expect(play({ memory: { auto: true } }, [{ memory: short }])[0]?.action).toMatchObject({ targetMiB: 400, rule: 'memory: auto' })
    expect(play({ memory: { auto: true, ceiling: '320MiB' } }, [{ memory: short }])[0]?.action).toMatchObject({ targetMiB: 320 })
  })
  it('keeps above the guest’s own floor and the one in the file', () => {
    expect(play({ memory: { auto: true, floor: '480MiB' } }, [{ memory }])[0]?.action).toMatchObject({ targetMiB: 480 })
    expect(play({ memory: { auto: true } }, [{ memory: { ...memory, actualMiB: 240, totalMiB: 200, availableMiB: 150 } }])).toEqual([])
  })
  it('waits while the guest follows, and does nothing unless it is told to', () => {
    expect(play({ memory: { auto: true } }, [{ memory: { ...memory, following: true } }])).toEqual([])
    expect(play({ memory: { auto: false } }, times(20, { memory }))).toEqual([])
  })
})
