import { describe, expect, it, vi } from 'vitest'
import { fakeAgent } from '../../test/fake/agent.ts'
import { FakeMachine } from '../../test/fake/machine.ts'
import type { GuestAgent } from './agent.ts'
import { whileFrozen } from './frozen.ts'

/** A guest whose agent says what it was asked, in order. */
function guest(changes: Partial<GuestAgent> = {}) {
  const machine = new FakeMachine()
  return { said: machine.calls, agent: { ...machine.agent, ...changes } }
}
const quiet = { stillFrozen: () => undefined }

describe('whileFrozen', () => {
  it('freezes, works, thaws', async () => {
    const { said, agent } = guest()
    const work = async () => {
      said.push('work')
      return 7
    }
    expect(await whileFrozen(agent, work, quiet)).toEqual({ result: 7, held: 1, reason: null })
    expect(said).toEqual(['freeze', 'work', 'thaw'])
  })

  it('thaws when the work fails', async () => {
    const { said, agent } = guest()
    await expect(whileFrozen(agent, () => Promise.reject(new Error('disk full')), quiet)).rejects.toThrow('disk full')
    expect(said).toEqual(['freeze', 'thaw'])
  })

  it('works without a freeze, says why, and still thaws: the freeze may have come late', async () => {
    const { said, agent } = guest({ freeze: () => Promise.reject(new Error('no answer')) })
    expect(await whileFrozen(agent, async () => 7, quiet)).toEqual({ result: 7, held: 0, reason: 'no answer' })
    expect(said).toEqual(['thaw'])
  })

  it('thaws again until the guest has heard it, and says when it never did', async () => {
    vi.useFakeTimers()
    try {
      let deaf = 3
      const thaw = vi.fn(async () => {
        if (deaf-- > 0) throw new Error('silent')
      })
      const patient = whileFrozen(guest({ thaw }).agent, async () => 7, quiet)
      await vi.advanceTimersByTimeAsync(10_000)
      expect(await patient).toMatchObject({ held: 1 })
      expect(thaw).toHaveBeenCalledTimes(4)
      const stillFrozen = vi.fn()
      const hopeless = whileFrozen(guest({ thaw: () => Promise.reject(new Error('silent')) }).agent, async () => 7, { stillFrozen })
      await vi.advanceTimersByTimeAsync(120_000)
      await hopeless
      expect(stillFrozen).toHaveBeenCalledExactlyOnceWith('silent')
    } finally {
      vi.useRealTimers()
    }
  })

  it('does not hold the guest for as long as slow work takes', async () => {
    const { said, agent } = guest()
    const work = async () => {
      await vi.waitFor(() => expect(said).toContain('thaw'), { timeout: 60_000 })
      said.push('work ends')
    }
    expect(await whileFrozen(agent, work, { ...quiet, holdMs: 5 })).toMatchObject({ held: 0, reason: expect.stringContaining('longer') })
    expect(said).toEqual(['freeze', 'thaw', 'work ends'])
  })

  it('takes turns with another who asks the same of the guest: neither thaws what the other holds', async () => {
    let frozen = false
    const { client } = fakeAgent((command) => {
      if (command === 'guest-fsfreeze-freeze' && frozen) return { error: { desc: 'Command guest-fsfreeze-freeze has been disabled: the agent is in frozen state' } }
      if (command === 'guest-fsfreeze-freeze') frozen = true
      if (command === 'guest-fsfreeze-thaw') frozen = false
      return { return: 1 }
    })
    let end: () => void = () => undefined
    const held: boolean[] = []
    const first = whileFrozen(client, () => new Promise<void>((resolve) => (end = resolve)).then(() => void held.push(frozen)), quiet)
    await vi.waitFor(() => expect(frozen).toBe(true), { timeout: 60_000 })
    const second = whileFrozen(client, async () => void held.push(frozen), quiet)
    await new Promise((resolve) => setTimeout(resolve, 20))
    end()
    expect([(await first).held, (await second).held]).toEqual([1, 1])
    expect(held).toEqual([true, true])
    expect(frozen).toBe(false)
  })

  it('is given up at once while the guest does not thaw; the next one waits until it is', async () => {
    let heard: () => void = () => undefined
    const thaw = vi.fn(() => new Promise<void>((resolve) => (heard = resolve)))
    const { said, agent } = guest({ thaw })
    const abort = new AbortController()
    const given = whileFrozen(agent, async () => void said.push('work'), { ...quiet, signal: abort.signal })
    const refused = expect(given).rejects.toThrow('a force stop')
    await vi.waitFor(() => expect(thaw).toHaveBeenCalledOnce(), { timeout: 60_000 })
    abort.abort(new Error('a force stop'))
    await refused
    const next = whileFrozen(agent, async () => 7, quiet)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(said).toEqual(['freeze', 'work'])
    heard()
    await vi.waitFor(() => expect(thaw).toHaveBeenCalledTimes(2), { timeout: 60_000 })
    heard()
    expect(await next).toMatchObject({ result: 7, held: 1 })
  })

  it('does not begin to work when it is given up while the guest freezes, and thaws what was frozen late', async () => {
    let freezes: (held: number) => void = () => undefined
    const { said, agent } = guest({ freeze: () => new Promise((resolve) => (freezes = resolve)) })
    const abort = new AbortController()
    const work = vi.fn(async () => 7)
    const refused = expect(whileFrozen(agent, work, { ...quiet, signal: abort.signal })).rejects.toThrow('a force stop')
    await new Promise((resolve) => setTimeout(resolve, 5))
    abort.abort(new Error('a force stop'))
    await refused
    expect([work.mock.calls, said]).toEqual([[], []])
    freezes(1)
    await vi.waitFor(() => expect(said).toEqual(['thaw']), { timeout: 60_000 })
  })

  it('says nothing of a guest that has ended meanwhile', async () => {
    const stillFrozen = vi.fn()
    const thaw = vi.fn(() => Promise.reject(new Error('the connection is closed')))
    expect(await whileFrozen(guest({ thaw }).agent, async () => 7, { stillFrozen, gone: () => true })).toMatchObject({ result: 7 })
    expect([thaw.mock.calls.length, stillFrozen.mock.calls]).toEqual([1, []])
  })
})
