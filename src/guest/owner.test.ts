import { describe, expect, it, vi } from 'vitest'
import { fakeControls } from '../../test/fake/controls.ts'
import { FakeMachine, fakeSpec } from '../../test/fake/machine.ts'
import type { GuestUpdate } from '../contract/guest.ts'
import { Refusal } from '../contract/refusal.ts'
import type { Machine, StartOptions } from '../engine/engine.ts'
import { demonstrationGuests } from './definition.ts'
import { GuestOwner } from './owner.ts'

const [definition] = demonstrationGuests()
if (definition === undefined) throw new Error('no demonstration guest')

function setUp(options: { machine?: FakeMachine; start?: (options: StartOptions) => Promise<Machine> } = {}) {
  const machine = options.machine ?? new FakeMachine()
  const updates: GuestUpdate[] = []
  const messages: string[] = []
  const awakened = vi.fn(async () => undefined)
  const controls = fakeControls({ cpuCap: 40 })
  const owner = new GuestOwner(definition as NonNullable<typeof definition>, {
    controls,
    prepare: async () => ({ spec: fakeSpec, from: { kind: 'cold' } }),
    startMachine: (_spec, startOptions) => options.start?.(startOptions) ?? Promise.resolve(machine),
    awaken: awakened,
    published: (update) => updates.push(update),
    message: (_level, text) => messages.push(text),
    saveClipboard: () => undefined,
    nowMs: () => Date.now(),
  })
  return { owner, machine, updates, messages, awakened }
}

const until = (condition: () => boolean) => vi.waitFor(() => expect(condition()).toBe(true), { timeout: 60_000 })

describe('GuestOwner', () => {
  it('starts, puts the requested settings into force, and publishes generations rising by one', async () => {
    const { owner, machine, updates } = setUp()
    expect(await owner.request('start')).toBe('done')
    expect(owner.state).toBe('running')
    expect(machine.cap).toBe(40)
    await until(() => owner.view().agent === 'live')
    expect(await owner.request('start')).toBe('already')
    expect(updates.map((update) => update.view.state)).toContain('starting')
    updates.forEach((update, index) => {
      if (index > 0) expect(update.generation).toBe((updates[index - 1]?.generation ?? 0) + 1)
    })
    owner.dispose()
  })

  it('wakes a warm guest through its agent, once, and leaves a cold one alone', async () => {
    const warm = setUp({ machine: new FakeMachine('warm') })
    await warm.owner.request('start')
    await until(() => warm.awakened.mock.calls.length === 1)
    const cold = setUp()
    await cold.owner.request('start')
    await until(() => cold.owner.view().agent === 'live')
    expect(cold.awakened).not.toHaveBeenCalled()
    warm.owner.dispose()
    cold.owner.dispose()
  })

  it('tells a guest again that it slept when it was too busy to answer, and calls it live only then', async () => {
    const { owner, machine, awakened, messages } = setUp({ machine: new FakeMachine('cloned') })
    awakened.mockRejectedValueOnce(new Error('no answer in time')).mockRejectedValueOnce(new Error('no answer in time'))
    await owner.request('start')
    await until(() => owner.view().agent === 'live')
    expect([awakened.mock.calls.length, machine.awakened, messages]).toEqual([3, true, ['started cloned']])
    owner.dispose()
  })

  it('does not wake a guest again that an earlier host has told already', async () => {
    const first = setUp({ machine: new FakeMachine('warm') })
    await first.owner.request('start')
    await until(() => first.machine.awakened)
    const later = setUp()
    await later.owner.adopt(first.machine, 'running')
    await until(() => later.owner.view().agent === 'live')
    expect(later.awakened).not.toHaveBeenCalled()
    first.owner.dispose()
    later.owner.dispose()
  })

  it('shows a failed start with its reason and can be started again', async () => {
    let fail = true
    const machine = new FakeMachine()
    const { owner } = setUp({
      start: async () => {
        if (fail) throw new Error('no such disk')
        return machine
      },
    })
    await expect(owner.request('start')).rejects.toThrow('no such disk')
    expect(owner.view()).toMatchObject({ state: 'failed', detail: 'no such disk' })
    fail = false
    await owner.request('start')
    expect(owner.state).toBe('running')
    owner.dispose()
  })

  it('stops gracefully through the agent, by the power button when the agent is silent', async () => {
    const live = setUp()
    await live.owner.request('start')
    await until(() => live.owner.view().agent === 'live')
    await live.owner.request('stop')
    expect(live.machine.calls).toContain('agent shutdown')
    const silent = setUp()
    silent.machine.agentAnswers = false
    await silent.owner.request('start')
    const stopping = silent.owner.request('stop')
    await until(() => silent.machine.calls.includes('powerDown'))
    silent.machine.emit({ type: 'exited', expected: true, detail: 'powered off' })
    await stopping
    expect(silent.owner.state).toBe('stopped')
  })

  it('says so when a guest does not shut down, leaves it running, and lets a force stop overtake', async () => {
    const { owner, machine } = setUp()
    machine.shutsDownWhenAsked = false
    await owner.request('start')
    await until(() => owner.view().agent === 'live')
    await expect(owner.request('stop', { timeoutMs: 40 })).rejects.toThrow(/still running/)
    expect(owner.state).toBe('running')
    const stop = owner.request('stop', { timeoutMs: 60_000 })
    const refused = expect(stop).rejects.toThrow()
    await owner.request('forceStop')
    await refused
    expect(owner.state).toBe('stopped')
    expect(machine.calls).toContain('quit')
  })

  it('shows how long a graceful stop waits, and restarts only a guest that stopped', async () => {
    const { owner, machine, updates } = setUp()
    await owner.request('start')
    await until(() => owner.view().agent === 'live')
    const before = Date.now()
    await owner.request('restart', { timeoutMs: 30_000 })
    const states = updates.map(({ view }) => view.state)
    expect(states.slice(states.indexOf('stopping'))).toEqual(expect.arrayContaining(['stopping', 'starting', 'running']))
    const deadline = updates.map(({ view }) => view.stopDeadline).find((each) => each !== null)
    expect(Date.parse(deadline ?? '') - before).toBeGreaterThanOrEqual(29_999)
    expect(owner.view()).toMatchObject({ state: 'running', stopDeadline: null, detail: null })
    machine.shutsDownWhenAsked = false
    await expect(owner.request('restart', { timeoutMs: 40 })).rejects.toMatchObject({ code: 'not-followed', remedy: expect.stringContaining('stop --force') as string })
    expect(owner.view()).toMatchObject({ state: 'running', stopDeadline: null })
    owner.dispose()
  })

  it('says why a guest paused by itself, until it goes on', async () => {
    const { owner, machine } = setUp()
    await owner.request('start')
    machine.emit({ type: 'disk-fault', text: 'The host ran out of space', paused: true })
    machine.emit({ type: 'paused' })
    expect(owner.view()).toMatchObject({ state: 'paused', detail: 'The host ran out of space' })
    await owner.request('resume')
    machine.emit({ type: 'resumed' })
    expect(owner.view()).toMatchObject({ state: 'running', detail: null })
    owner.dispose()
  })

  it('lets work have the guest for itself: it ends the machine, starts it again, and a force stop aborts it', async () => {
    const { owner, machine } = setUp()
    await owner.request('start')
    const seen: string[] = []
    await owner.request('restore', {
      work: async (hold) => {
        hold.tell('going back')
        seen.push(owner.view().state, owner.view().detail ?? '')
        await hold.quit()
        seen.push(owner.view().state)
        await hold.start('cold')
        return hold.state()
      },
    })
    expect(seen).toEqual(['starting', 'going back', 'starting'])
    expect([owner.state, machine.calls.includes('quit')]).toEqual(['running', true])
    const endless = owner.request('snapshot', { work: ({ signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))) })
    const rejected = expect(endless).rejects.toThrow(/cancelled/)
    await owner.request('forceStop')
    await rejected
    expect(owner.state).toBe('stopped')
  })

  it('aborts a start under way on a force stop', async () => {
    const { owner } = setUp({
      start: (options) =>
        new Promise((_resolve, reject) => {
          options.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error))
        }),
    })
    const start = owner.request('start')
    const rejected = expect(start).rejects.toThrow(/cancelled/)
    await Promise.resolve()
    await until(() => owner.state === 'starting')
    await owner.request('forceStop')
    await rejected
    expect(owner.state).toBe('stopped')
  })

  it('reports a machine that dies by itself as failed with what happened', async () => {
    const { owner, machine, messages } = setUp()
    await owner.request('start')
    machine.emit({ type: 'exited', expected: false, detail: 'QEMU ended unexpectedly (signal SIGKILL)' })
    expect(owner.view()).toMatchObject({ state: 'failed', detail: 'QEMU ended unexpectedly (signal SIGKILL)' })
    expect(messages.at(-1)).toBe('linux failed: QEMU ended unexpectedly (signal SIGKILL). Start it again: diptych start linux. What QEMU said last: diptych logs linux --source engine.')
  })

  it('refuses what the state does not allow, with a reason', async () => {
    const { owner } = setUp()
    await expect(owner.request('pause')).rejects.toThrow(Refusal)
    expect(() => owner.demandMachine('screenshot')).toThrow(/not been started/)
    expect(owner.view().actions.pause).toMatchObject({ allowed: false })
    expect(owner.view().actions.start).toEqual({ allowed: true, reason: null })
  })
})
