import { afterEach, describe, expect, it, vi } from 'vitest'
import { FakeHost } from '../../test/fake/window/connection.ts'
import { makeGuest } from '../../test/fake/window/views.ts'
import { World } from '../../test/fake/window/world.ts'
import { createWindowStore, Session } from './session.ts'

const until = (check: () => void) => vi.waitFor(check, { timeout: 60_000 })
const running: { stop: () => void }[] = []

function open() {
  localStorage.clear()
  const world = new World([makeGuest('linux', 'Linux', 'linux', 0), makeGuest('windows', '', 'windows-stand-in', 1)])
  const host = new FakeHost(world)
  const session = new Session(() => host.connect(), createWindowStore(localStorage))
  running.push({ stop: () => session.stop() }, { stop: () => world.dispose() })
  session.start()
  return { world, host, session, state: () => session.store.getState() }
}

afterEach(() => {
  for (const each of running.splice(0)) each.stop()
})

describe('Session', () => {
  it('fills the store from the host', async () => {
    const { state } = open()
    await until(() => expect(state().order).toEqual(['linux', 'windows']))
    await until(() => expect(state().meter?.guests).toHaveLength(2))
    await until(() => expect(state().network?.ports).toHaveLength(2))
    await until(() => expect(state().host?.accelerator.kind).toBe('tcg'))
    expect(state().link).toEqual({ phase: 'live' })
    expect(state().stage?.status).toBe('ready')
  })

  it('says it reconnects, keeps the last picture, and comes back by itself with what changed meanwhile', async () => {
    const { world, host, state } = open()
    await until(() => expect(state().link.phase).toBe('live'))
    host.refuse = 'the host is away'
    host.drop('the host went away')
    await until(() => expect(state().link).toMatchObject({ phase: 'reconnecting', attempt: 2, reason: 'the host is away' }))
    expect(state().order).toEqual(['linux', 'windows'])
    const linux = world.find('linux')
    if (linux === undefined) throw new Error('the fake has no linux')
    world.change(linux, { state: 'paused' })
    host.refuse = null
    await until(() => expect(state().link.phase).toBe('live'))
    expect(state().guests['linux']?.view.state).toBe('paused')
  })

  it('keeps trying when there is no host at first, and says why', async () => {
    const { host, state } = open()
    host.refuse = 'nobody listens'
    await until(() => expect(state().link).toMatchObject({ phase: 'connecting', reason: 'nobody listens' }))
    host.refuse = null
    await until(() => expect(state().link.phase).toBe('live'))
  })

  it('turns a refusal into a notice that names the action and the reason', async () => {
    const { session, state } = open()
    await until(() => expect(state().link.phase).toBe('live'))
    const name = state().order[0]
    if (name === undefined) throw new Error('no guest was listed')
    expect(await session.askGuest('resume linux', (client) => client.guest.resume({ name }))).toBe(false)
    expect(state().notices).toHaveLength(1)
    expect(state().notices[0]).toMatchObject({ level: 'warning', text: 'Could not resume linux.' })
    expect(state().notices[0]?.next).toContain('this needs it to be paused')
    await session.askGuest('resume linux', (client) => client.guest.resume({ name }))
    expect(state().notices, 'the same refusal twice is one notice').toHaveLength(1)
    session.dismiss(state().notices[0]?.id ?? 0)
    expect(state().notices).toHaveLength(0)
  })

  it('answers a call made while disconnected with a notice, not with silence', async () => {
    const { host, session, state } = open()
    await until(() => expect(state().link.phase).toBe('live'))
    host.refuse = 'away'
    host.drop('gone')
    await until(() => expect(state().link.phase).toBe('reconnecting'))
    expect(await session.ask('start the stage', (client) => client.stage.up({}))).toBeNull()
    expect(state().notices[0]?.next).toContain('reconnects by itself')
  })

  it('can be stopped and started again at once, as React does to effects in development', async () => {
    const { host, session, state } = open()
    session.stop()
    session.start()
    await until(() => expect(state().link.phase).toBe('live'))
    host.refuse = 'away'
    host.drop('gone')
    await until(() => expect(state().link.phase).toBe('reconnecting'))
  })

  it('shows the view a call answers with', async () => {
    const { session, state } = open()
    await until(() => expect(state().link.phase).toBe('live'))
    const name = state().order[0]
    if (name === undefined) throw new Error('no guest was listed')
    await session.askGuest('pause linux', (client) => client.guest.pause({ name }))
    expect(state().guests['linux']?.view.state).toBe('paused')
  })
})
