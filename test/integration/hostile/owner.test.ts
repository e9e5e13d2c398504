import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeMachine, fakeSpec } from '../../fake/machine.ts'
import type { ControlName } from '../../../src/contract/control.ts'
import { unshaped } from '../../../src/contract/link.ts'
import type { Machine } from '../../../src/engine/engine.ts'
import type { GuestControls } from '../../../src/guest/controls-port.ts'
import { demonstrationGuests } from '../../../src/guest/definition.ts'
import { GuestOwner } from '../../../src/guest/owner.ts'

const [definition] = demonstrationGuests()
if (definition === undefined) throw new Error('no demonstration guest')

/** An owner of `machine` whose settings take as long to come into force as the test wants. */
function ownerOf(machine: FakeMachine, attach: () => Promise<void> = async () => undefined) {
  const controls: GuestControls = {
    attach: async () => attach(),
    detach: () => undefined,
    apply: async () => ({}),
    describe: () => ({}) as Record<ControlName, never>,
    linkUp: () => true,
    priority: () => null,
    agentAnswers: () => undefined,
    link: () => ({ requested: { tx: unshaped, rx: unshaped }, effective: { tx: unshaped, rx: unshaped }, preset: null }),
  }
  const messages: string[] = []
  const owner = new GuestOwner(definition as NonNullable<typeof definition>, {
    controls,
    prepare: async () => ({ spec: fakeSpec, from: { kind: 'cold' } }),
    startMachine: async (): Promise<Machine> => machine,
    awaken: async () => undefined,
    published: () => undefined,
    message: (_level, text) => messages.push(text),
    saveClipboard: () => undefined,
    nowMs: () => Date.now(),
  })
  return { owner, messages }
}

describe('GuestOwner at the worst moment', () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  beforeEach(() => {
    unhandled.length = 0
    process.on('unhandledRejection', note)
  })
  afterEach(() => process.off('unhandledRejection', note))

  it('survives a force stop while the agent takes its time over a graceful one', async () => {
    const machine = new FakeMachine()
    const { owner } = ownerOf(machine)
    await owner.request('start')
    await vi.waitFor(() => expect(owner.agentState).toBe('live'), { timeout: 300_000 })
    let answer: () => void = () => undefined
    machine.agent.shutdown = () => new Promise((resolve) => (answer = resolve))
    const stop = owner.request('stop').catch((error: unknown) => error)
    const force = owner.request('forceStop')
    await new Promise((resolve) => setTimeout(resolve, 50))
    answer()
    expect(await force).toBe('done')
    expect(await stop).toBeInstanceOf(Error)
    expect(owner.state).toBe('stopped')
    expect(unhandled).toEqual([])
  })

  it('does not call a guest running whose machine ended while its settings were put into force', async () => {
    const machine = new FakeMachine()
    const ping = vi.spyOn(machine.agent, 'ping')
    const { owner } = ownerOf(machine, async () => machine.emit({ type: 'exited', expected: false, detail: 'QEMU ended unexpectedly (signal SIGKILL)' }))
    const outcome = await owner.request('start').catch((error: unknown) => error)
    expect(outcome).toBeInstanceOf(Error)
    expect(String(outcome)).toMatch(/SIGKILL/)
    expect(owner.machine).toBeNull()
    expect(owner.state).toBe('failed')
    expect(ping).not.toHaveBeenCalled()
  })

  it('does not call an adopted guest running whose machine ended meanwhile', async () => {
    const machine = new FakeMachine()
    const { owner } = ownerOf(machine, async () => machine.emit({ type: 'exited', expected: true, detail: 'shut down' }))
    await owner.adopt(machine, 'running')
    expect(owner.machine).toBeNull()
    expect(owner.state).toBe('stopped')
  })

  it('says that a guest runs already only when the start that waits behind a stop is done', async () => {
    const machine = new FakeMachine()
    const { owner } = ownerOf(machine)
    await owner.request('start')
    const stop = owner.request('stop')
    const start = owner.request('start')
    expect(await owner.request('start')).toBe('already')
    expect(owner.state).toBe('running')
    await Promise.all([stop, start])
    owner.dispose()
  })
})
