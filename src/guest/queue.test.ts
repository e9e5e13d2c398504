import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GuestAction, GuestState } from '../contract/guest.ts'
import { can, isAllowed, isAlready, refusalReason } from './lifecycle.ts'
import { type LifecycleAction, RequestQueue } from './queue.ts'

const actions: LifecycleAction[] = ['start', 'stop', 'forceStop', 'restart', 'pause', 'resume', 'suspend', 'reset', 'snapshot', 'restore', 'tend']

describe('the can table', () => {
  it('answers every state and action, and is never both allowed and already so', () => {
    for (const action of GuestAction.options) {
      for (const state of GuestState.options) {
        expect(isAllowed(action, state)).toBe(can[action].includes(state))
        expect(isAllowed(action, state) && isAlready(action, state)).toBe(false)
        expect(refusalReason(action, state)).toMatch(/: it.* is|: its|: it has/)
      }
    }
  })
})

describe('RequestQueue', () => {
  it.each(GuestState.options.flatMap((state) => actions.map((action) => [state, action] as const)))('from %s, %s is queued exactly when the table allows it', (state, action) => {
    const queue = new RequestQueue(state)
    const decision = queue.submit(action)
    if (isAllowed(action, state)) expect(decision.kind).toBe('queued')
    else expect(decision.kind).toBe(isAlready(action, state) || action === 'forceStop' ? 'already' : 'refused')
  })

  it('judges a request by the state that those before it lead to', () => {
    const queue = new RequestQueue('defined')
    expect(queue.submit('start').kind).toBe('queued')
    expect(queue.submit('pause').kind).toBe('queued')
    expect(queue.submit('pause').kind).toBe('already')
    expect(queue.submit('start').kind).toBe('refused')
    expect(queue.projected).toBe('paused')
  })

  it('lets a force stop overtake: what waits is discarded, what runs is to be aborted', () => {
    const queue = new RequestQueue('running')
    const stop = queue.submit('stop')
    expect(queue.take()?.action).toBe('stop')
    queue.submit('start')
    const force = queue.submit('forceStop')
    expect(stop.kind === 'queued' && force.kind === 'queued' && force.abort === stop.id && force.discarded.length === 1).toBe(true)
    if (stop.kind === 'queued') queue.finish(stop.id, 'running')
    expect(queue.take()?.action).toBe('forceStop')
  })

  it('believes the end of the machine at any time, and other changes only between requests', () => {
    const queue = new RequestQueue('running')
    queue.submit('pause')
    queue.take()
    queue.observe('paused')
    expect(queue.state).toBe('running')
    queue.observe('stopped')
    expect(queue.state).toBe('stopped')
  })

  it('has the machine’s own last word on whether it runs', () => {
    const queue = new RequestQueue('paused')
    const resumed = queue.submit('resume')
    queue.take()
    queue.observe('running')
    queue.observe('paused') // its disk is still full
    if (resumed.kind === 'queued') queue.finish(resumed.id, 'running')
    expect(queue.state).toBe('paused')
    // What was said during another request, or of a machine that is gone, does not count.
    const again = queue.submit('resume')
    queue.take()
    if (again.kind === 'queued') queue.finish(again.id, 'running')
    expect(queue.state).toBe('running')
    const restarted = queue.submit('restart')
    queue.take()
    queue.observe('paused')
    queue.observe('stopped')
    if (restarted.kind === 'queued') queue.finish(restarted.id, 'running')
    expect(queue.state).toBe('running')
  })

  it('judges what follows work by the state it was said to lead to', () => {
    const queue = new RequestQueue('stopped')
    expect(queue.submit('restore', 'stopped').kind).toBe('queued')
    expect(queue.submit('pause').kind).toBe('refused')
    expect(queue.submit('restore').kind).toBe('queued')
    expect(queue.submit('pause').kind).toBe('queued')
  })

  it('does not take the machine that a restart, a suspend or a restore ends for the end of the guest', () => {
    for (const action of ['restart', 'suspend', 'restore'] as const) {
      const queue = new RequestQueue('running')
      const decision = queue.submit(action)
      queue.take()
      const during = queue.state
      queue.observe('stopped')
      expect(queue.state).toBe(during)
      if (decision.kind === 'queued') queue.proceed(decision.id, 'starting')
      expect(queue.state).toBe('starting')
    }
  })

  it('bounds what waits', () => {
    const queue = new RequestQueue('running')
    const kinds = Array.from({ length: 40 }, () => queue.submit('reset').kind)
    expect(kinds.filter((kind) => kind === 'queued')).toHaveLength(16)
    expect(kinds.at(-1)).toBe('refused')
  })

  it('under any sequence carries out one request at a time, in order, and never one the state forbids', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('submit' as const), action: fc.constantFrom(...actions) }),
      fc.record({ kind: fc.constant('take' as const) }),
      fc.record({ kind: fc.constant('finish' as const), fails: fc.boolean() }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new RequestQueue('defined')
        const ends: Record<LifecycleAction, GuestState | null> = { start: 'running', stop: 'stopped', forceStop: 'stopped', restart: 'running', pause: 'paused', resume: 'running', suspend: 'suspended', reset: null, snapshot: null, restore: 'running', tend: null }
        let lastId = 0
        for (const each of steps) {
          if (each.kind === 'submit') queue.submit(each.action)
          else if (each.kind === 'take') {
            const before = queue.current
            const taken = queue.take()
            if (before !== null) expect(taken).toBeNull()
            if (taken !== null) {
              expect(taken.id).toBeGreaterThan(lastId)
              lastId = taken.id
            }
          } else if (queue.current !== null) {
            const { id, action } = queue.current
            queue.finish(id, each.fails ? (action === 'start' ? 'failed' : queue.state) : (ends[action] ?? queue.state))
            expect(queue.current).toBeNull()
          }
          expect(queue.waiting.length).toBeLessThanOrEqual(16)
        }
      }),
    )
  })
})
