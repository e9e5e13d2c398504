import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeMachine } from '../../test/fake/machine.ts'
import type { GuestAgent } from '../engine/agent.ts'
import { AgentWatch } from './agent-watch.ts'

let watch: AgentWatch
let told: string[]
let sleptMs: number
beforeEach(() => {
  vi.useFakeTimers()
  told = []
  sleptMs = 0
})
afterEach(() => {
  watch.stop()
  vi.useRealTimers()
})

/** Watches a guest; what it is told and what is told of it, in order. */
function begin(changes: Partial<GuestAgent> = {}) {
  const machine = new FakeMachine()
  const agent: GuestAgent = { ...machine.agent, setTime: async () => void told.push('set clock'), ...changes }
  watch = new AgentWatch(agent, '52:54:00:d1:00:01', {
    changed: (state) => {
      if (told.at(-1) !== state) told.push(state)
    },
    firstAnswer: async () => void told.push('first answer'),
    clockBehind: (reason) => void told.push(`clock behind: ${String(reason)}`),
    thawed: () => void told.push('thawed'),
    nowMs: () => Date.now() + sleptMs,
  })
  return machine
}
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds)

describe('the watch on a guest’s agent', () => {
  it('is live once it answers, silent when it stops, live again', async () => {
    const machine = begin()
    await pass(10)
    expect(told).toEqual(['first answer', 'live'])
    machine.agentAnswers = false
    await pass(6_000)
    machine.agentAnswers = true
    await pass(6_000)
    expect(told).toEqual(['first answer', 'live', 'silent', 'live'])
  })

  it('waits longer each time for a guest that is slow to answer', async () => {
    const answersAfterMs = 2_500
    const ping = vi.fn((timeoutMs: number) => new Promise<void>((resolve, reject) => (timeoutMs < answersAfterMs ? setTimeout(() => reject(new Error('no answer')), timeoutMs) : setTimeout(resolve, answersAfterMs))))
    begin({ ping })
    await pass(10_000)
    expect(told).toEqual(['first answer', 'live'])
    expect(ping.mock.calls.slice(0, 3)).toEqual([[1_000], [2_000], [4_000]])
  })

  it('thaws a guest that a killed host left frozen', async () => {
    begin({ thawLeftover: async () => true })
    await pass(10)
    expect(told).toEqual(['first answer', 'live', 'thawed', 'live'])
  })

  it('sets the clock after a pause that can be noticed, and not after a shorter one', async () => {
    begin()
    await pass(10)
    for (const standstill of [500, 3_000]) {
      watch.paused()
      await pass(standstill)
      watch.resumed()
      await pass(100)
    }
    expect(told).toEqual(['first answer', 'live', 'set clock'])
  })

  it('sets the clock of a guest that somebody else had paused', async () => {
    begin()
    await pass(10)
    watch.resumed()
    await pass(100)
    expect(told.at(-1)).toBe('set clock')
  })

  it('sets the clock once when this computer slept', async () => {
    begin()
    await pass(10)
    sleptMs = 3_600_000
    await pass(20_000)
    expect(told).toEqual(['first answer', 'live', 'set clock'])
  })

  it('tells when the clock could not be set', async () => {
    begin({ setTime: () => Promise.reject(new Error('not allowed')) })
    await pass(10)
    watch.resumed()
    await pass(100)
    expect(told.at(-1)).toBe('clock behind: Error: not allowed')
  })
})
