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
})
