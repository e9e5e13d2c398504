import { createStore } from 'zustand/vanilla'
import { type Client, type Connection, ConnectionClosed } from '../../src/contract/connection.ts'
import type { GuestUpdate } from '../../src/contract/guest.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { refusalCodeOf, sentenceFor } from '../../src/contract/sentence.ts'
import { type NoticeText, noticeFor } from '../notice.ts'
import { retryDelayMs } from '../screen/viewer.ts'
import { feed } from './feed.ts'
import { applyUpdate } from './reduce.ts'
import { loadSettings, saveSettings, type Settings } from './settings.ts'
import type { Dialog, Store, WindowState } from './state.ts'

export type Connect = () => Promise<Connection>

const noticesKept = 3
const goodNewsMs = 8_000

/** The window's store before anything is heard. */
export function createWindowStore(storage: Storage): Store {
  const store = createStore<WindowState>(() => ({
    link: { phase: 'connecting', attempt: 0, reason: null },
    host: null,
    meter: null,
    stage: null,
    network: null,
    requests: [],
    messages: [],
    tasks: [],
    sending: [],
    templates: [],
    trash: [],
    discs: [],
    snapshots: {},
    stageSnapshots: [],
    guests: {},
    order: [],
    history: {},
    thumbnails: {},
    notices: [],
    keysTo: null,
    dialog: null,
    place: 'stage',
    dropped: null,
    solo: null,
    only: null,
    settings: loadSettings(storage),
  }))
  store.subscribe((state, before) => {
    if (state.settings !== before.settings) saveSettings(storage, state.settings)
  })
  return store
}

/**
 * Owns the window's one connection: makes it, feeds the store from it, and makes the next one when it is lost.
 * Everything the window asks of the host goes through `ask`, which turns a failure into a notice.
 *
 *   connecting --connect--> live --closed--> reconnecting --connect--> live
 */
export class Session {
  readonly store: Store
  readonly #connect: Connect
  #stopped = new AbortController()
  #connection: Connection | null = null
  #noticeId = 0
  #skipWait: (() => void) | null = null

  constructor(connect: Connect, store: Store) {
    this.#connect = connect
    this.store = store
  }

  /** Connects and stays connected until `stop`; may be started again after it. */
  start(): void {
    this.#stopped.abort()
    this.#stopped = new AbortController()
    void this.#run(this.#stopped.signal)
  }

  stop(): void {
    this.#stopped.abort()
    this.#skipWait?.()
    this.#connection?.close()
  }

  /** Tries the next connection at once instead of waiting. */
  retryNow(): void {
    this.#skipWait?.()
  }

  get connection(): Connection {
    if (this.#connection === null) throw new ConnectionClosed('not connected')
    return this.#connection
  }

  /** Makes one call. A failure becomes a notice and null. `asked` completes "could not …". */
  async ask<T>(asked: string, call: (client: Client) => Promise<T>): Promise<T | null> {
    try {
      return await call(this.connection.client)
    } catch (error) {
      this.notify(noticeFor(error, asked))
      return null
    }
  }

  /** Makes one call about a guest and shows the view it answers with. */
  async askGuest(asked: string, call: (client: Client) => Promise<{ guest: GuestUpdate }>): Promise<boolean> {
    const answer = await this.ask(asked, call)
    if (answer !== null) this.store.setState((state) => applyUpdate(state, answer.guest))
    return answer !== null
  }

  /**
   * As `askGuest`, for what may promise more than the host has: the host refuses that first, and the person is asked with
   * its reason whether to do it all the same.
   */
  async askWithinBudget(asked: string, call: (client: Client, force: boolean) => Promise<{ guest: GuestUpdate }>): Promise<boolean> {
    try {
      const answer = await call(this.connection.client, false)
      this.store.setState((state) => applyUpdate(state, answer.guest))
      return true
    } catch (error) {
      if (refusalCodeOf(error) === 'over-budget') this.open({ kind: 'over-budget', reason: sentenceFor(error).what, force: () => void this.askGuest(asked, (client) => call(client, true)) })
      else this.notify(noticeFor(error, asked))
      return false
    }
  }

  notify(notice: NoticeText): void {
    this.#noticeId += 1
    const id = this.#noticeId
    this.store.setState((state) => ({
      notices: [...state.notices.filter((known) => known.text !== notice.text || known.next !== notice.next), { ...notice, id }].slice(-noticesKept),
    }))
    // Good news goes by itself; what went wrong stays until it was read.
    if (notice.level === 'info') setTimeout(() => this.dismiss(id), goodNewsMs)
  }

  dismiss(id: number): void {
    this.store.setState((state) => ({ notices: state.notices.filter((notice) => notice.id !== id) }))
  }

  open(dialog: Dialog | null): void {
    this.store.setState({ dialog })
  }

  keysTo(guest: GuestName | null): void {
    if (this.store.getState().keysTo !== guest) this.store.setState({ keysTo: guest })
  }

  change(settings: Partial<Settings>): void {
    this.store.setState((state) => ({ settings: { ...state.settings, ...settings } }))
  }

  async #run(stopped: AbortSignal): Promise<void> {
    let attempt = 0
    while (!stopped.aborted) {
      let reason: string
      try {
        const connection = await this.#connect()
        if (stopped.aborted) {
          connection.close()
          return
        }
        this.#connection = connection
        attempt = 0
        const ended = new AbortController()
        void feed(connection.client, this.store, ended.signal)
        reason = await connection.closed
        ended.abort()
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error)
      }
      if (stopped.aborted) return
      this.#connection = null
      this.#lost(attempt, reason)
      await this.#wait(retryDelayMs(attempt))
      attempt += 1
    }
  }

  #lost(attempt: number, reason: string): void {
    this.store.setState((state) => ({
      keysTo: null,
      link: state.link.phase === 'connecting' ? { phase: 'connecting', attempt: attempt + 1, reason } : { phase: 'reconnecting', attempt: attempt + 1, reason },
    }))
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs)
      this.#skipWait = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
