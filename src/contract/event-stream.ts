export interface EventStreamOptions<T> {
  /**
   * Events with the same key replace one another while they wait, so that a reader who lags gets the newest sample and
   * not a backlog. null: the event is kept as it is.
   */
  readonly keyOf: (event: T) => string | null
  /** Events waiting at most; beyond it the oldest is dropped. Default 256. */
  readonly limit?: number
  /** Ends the stream: a handler gets it with every call, and it is aborted when the client leaves. */
  readonly signal?: AbortSignal | undefined
  /** Called once when the stream is over, for whatever reason: the place to unsubscribe. */
  readonly onEnd?: () => void
}

/**
 * An event iterator fed by `push`, bounded whatever the reader does. The transports pull the next event only when the
 * last one is on its way, so waiting happens here, where events can be coalesced.
 */
export class EventStream<T> implements AsyncIterableIterator<T> {
  readonly #options: EventStreamOptions<T>
  readonly #waiting: { key: string | null; event: T }[] = []
  #reader: ((result: IteratorResult<T, undefined>) => void) | undefined
  #over = false

  constructor(options: EventStreamOptions<T>) {
    this.#options = options
    if (options.signal?.aborted) this.end()
    else options.signal?.addEventListener('abort', () => this.end(), { once: true })
  }

  /** Events waiting for the reader. */
  get backlog(): number {
    return this.#waiting.length
  }

  push(event: T): void {
    if (this.#over) return
    if (this.#reader !== undefined) {
      const reader = this.#reader
      this.#reader = undefined
      reader({ done: false, value: event })
      return
    }
    const key = this.#options.keyOf(event)
    const older = key === null ? -1 : this.#waiting.findIndex((entry) => entry.key === key)
    if (older >= 0) this.#waiting.splice(older, 1)
    this.#waiting.push({ key, event })
    if (this.#waiting.length > (this.#options.limit ?? 256)) this.#waiting.shift()
  }

  /** No more events; those waiting are still read. */
  end(): void {
    if (this.#over) return
    this.#over = true
    this.#reader?.({ done: true, value: undefined })
    this.#reader = undefined
    this.#options.onEnd?.()
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const first = this.#waiting.shift()
    if (first !== undefined) return Promise.resolve({ done: false, value: first.event })
    if (this.#over) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => {
      this.#reader = resolve
    })
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#waiting.length = 0
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
