/** Hands each value to every open stream. A stream starts with what `first` gives, and ends with its signal. */
export class Broadcast<T> {
  readonly #listeners = new Set<(value: T) => void>()

  emit(value: T): void {
    for (const listener of this.#listeners) listener(value)
  }

  async *stream(first: readonly T[], signal: AbortSignal | undefined): AsyncGenerator<T> {
    const queue: T[] = [...first]
    let wake: () => void = () => undefined
    const listener = (value: T) => {
      queue.push(value)
      wake()
    }
    const ended = () => wake()
    this.#listeners.add(listener)
    signal?.addEventListener('abort', ended)
    try {
      // `signal` is aborted by the reader, who then wakes this stream.
      // oxlint-disable-next-line no-unmodified-loop-condition
      while (signal?.aborted !== true) {
        const next = queue.shift()
        if (next !== undefined) yield next
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      this.#listeners.delete(listener)
      signal?.removeEventListener('abort', ended)
    }
  }
}
