import type { GuestState } from '../contract/guest.ts'
import { type OwnedAction, isAllowed, isAlready, refusalReason } from './lifecycle.ts'

/**
 * The request queue of one guest: pure policy, no I/O and no clock. The owner submits requests, takes the next one
 * to carry out, and reports what became of it and what the machine did by itself. Nothing else holds the state.
 *
 * Requests are judged against the state the guest will have when those before them are done, so that
 * `start` then `pause` is accepted. `forceStop` overtakes: it discards what waits and asks to abort what runs.
 */
export type LifecycleAction = Extract<OwnedAction, 'start' | 'stop' | 'forceStop' | 'restart' | 'pause' | 'resume' | 'suspend' | 'reset' | 'snapshot' | 'restore' | 'tend'>

export type Decision =
  | { readonly kind: 'queued'; readonly id: number; readonly discarded: readonly number[]; readonly abort: number | null }
  | { readonly kind: 'already' }
  | { readonly kind: 'refused'; readonly code: 'wrong-state' | 'busy'; readonly reason: string }

export interface Request {
  readonly id: number
  readonly action: LifecycleAction
  /** The state it leads to, where that depends on what was asked; else `afterwards` says. */
  readonly ends?: GuestState
}

/** More than this many waiting requests for one guest is a client gone wild. */
const longestQueue = 16

const whileDoing: Readonly<Record<LifecycleAction, GuestState | null>> = {
  start: 'starting',
  stop: 'stopping',
  forceStop: 'stopping',
  restart: 'stopping',
  pause: null,
  resume: null,
  suspend: 'suspending',
  reset: null,
  snapshot: null,
  restore: 'starting',
  tend: null,
}

const afterwards: Readonly<Record<LifecycleAction, GuestState | null>> = {
  start: 'running',
  stop: 'stopped',
  forceStop: 'stopped',
  restart: 'running',
  pause: 'paused',
  resume: 'running',
  suspend: 'suspended',
  reset: null,
  snapshot: null,
  restore: 'running',
  tend: null,
}

/** The machine ends in the course of these, as it should. */
const endsMachine: ReadonlySet<LifecycleAction> = new Set(['restart', 'suspend', 'restore'])

export class RequestQueue {
  #state: GuestState
  #nextId = 1
  #current: Request | null = null
  /** What the machine last said of itself while the current request was under way. */
  #said: GuestState | null = null
  readonly #waiting: Request[] = []

  constructor(state: GuestState) {
    this.#state = state
  }

  get state(): GuestState {
    return this.#state
  }

  get current(): Request | null {
    return this.#current
  }

  get waiting(): readonly Request[] {
    return this.#waiting
  }

  /** The state once everything accepted so far is done. */
  get projected(): GuestState {
    let state = this.#state
    for (const request of this.#current === null ? this.#waiting : [this.#current, ...this.#waiting]) {
      state = request.ends ?? afterwards[request.action] ?? state
    }
    return state
  }

  submit(action: LifecycleAction, ends?: GuestState): Decision {
    const projected = this.projected
    if (action === 'forceStop') return this.#submitForceStop()
    if (isAlready(action, projected)) return { kind: 'already' }
    if (!isAllowed(action, projected)) return { kind: 'refused', code: 'wrong-state', reason: refusalReason(action, projected) }
    if (this.#waiting.length >= longestQueue) return { kind: 'refused', code: 'busy', reason: `${longestQueue} requests are waiting for this guest already` }
    return { kind: 'queued', id: this.#enqueue(action, ends), discarded: [], abort: null }
  }

  #submitForceStop(): Decision {
    const stopped = this.#current === null && !isAllowed('forceStop', this.#state)
    const discarded = this.#waiting.splice(0).map((request) => request.id)
    if (stopped) return { kind: 'already' }
    const abort = this.#current !== null && this.#current.action !== 'forceStop' ? this.#current.id : null
    return { kind: 'queued', id: this.#enqueue('forceStop'), discarded, abort }
  }

  #enqueue(action: LifecycleAction, ends?: GuestState): number {
    const id = this.#nextId
    this.#nextId += 1
    this.#waiting.push({ id, action, ...(ends === undefined ? {} : { ends }) })
    return id
  }

  /** The request to carry out now, or null when one is under way or none waits. */
  take(): Request | null {
    if (this.#current !== null) return null
    const request = this.#waiting.shift()
    if (request === undefined) return null
    this.#current = request
    this.#said = null
    this.#state = whileDoing[request.action] ?? this.#state
    return request
  }

  /** The current request has brought the guest into its next state on the way. */
  proceed(id: number, state: GuestState): void {
    if (this.#current?.id !== id) return
    this.#state = state
    this.#said = null
  }

  /**
   * Reports the end of the current request with the state the guest is in now. Whether a machine that is up runs, its own last
   * word says: one that is resumed while its disk is still full pauses again before anybody hears that it was resumed.
   */
  finish(id: number, state: GuestState): void {
    if (this.#current?.id !== id) return
    this.#current = null
    this.#state = isUp(state) && this.#said !== null && isUp(this.#said) ? this.#said : state
  }

  /**
   * The machine changed by itself (the guest shut down, QEMU died, somebody paused it). While a request is under
   * way its own `finish` decides, except that an end of the machine that is no part of it is always believed.
   */
  observe(state: GuestState): void {
    const ended = state === 'stopped' || state === 'failed' || state === 'suspended'
    if (this.#current === null || (ended && !endsMachine.has(this.#current.action))) this.#state = state
    this.#said = state
  }
}

function isUp(state: GuestState): boolean {
  return state === 'running' || state === 'paused'
}
