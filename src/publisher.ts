/**
 * Hands values to any number of slow readers without a queue that can grow: per reader, values of one key are
 * coalesced to the newest, and values without a key are kept up to a limit, oldest dropped first (counted).
 * oRPC has no back-pressure, so every event iterator of the contract is fed through one of these.
 */
export class Publisher<T> {
  readonly #readers = new Set<Reader<T>>()
  readonly #limit: number

  constructor(limit = 256) {
    this.#limit = limit
  }

  get readers(): number {
    return this.#readers.size
  }

  publish(value: T, key?: string): void {
    for (const reader of this.#readers) reader.push(value, key)
  }

  /** Yields `first`, then whatever is published, until the signal aborts or the caller stops reading. */
  async *subscribe(first: readonly T[], signal?: AbortSignal): AsyncGenerator<T, void, void> {
    const reader = new Reader<T>(this.#limit)
    this.#readers.add(reader)
    const end = () => reader.end()
    signal?.addEventListener('abort', end, { once: true })
    try {
      yield* first
      for (;;) {
        if (signal?.aborted === true) return
        const value = await reader.next()
        if (value === null) return
        yield value.value
      }
    } finally {
      this.#readers.delete(reader)
      signal?.removeEventListener('abort', end)
    }
  }
}

class Reader<T> {
  readonly #pending = new Map<string | symbol, T>()
  readonly #limit: number
  #wake: (() => void) | null = null
  #ended = false

  constructor(limit: number) {
    this.#limit = limit
  }

  push(value: T, key?: string): void {
    const slot = key ?? Symbol('event')
    if (!this.#pending.has(slot) && this.#pending.size >= this.#limit) {
      const oldest = this.#pending.keys().next()
      if (oldest.done !== true) this.#pending.delete(oldest.value)
    }
    this.#pending.set(slot, value)
    this.#wake?.()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async next(): Promise<{ value: T } | null> {
    for (;;) {
      if (this.#ended) return null
      for (const [key, value] of this.#pending) {
        this.#pending.delete(key)
        return { value }
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = null
    }
  }
}
