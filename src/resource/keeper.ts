/**
 * Keeps values in a file: at most one write is under way, and what changes meanwhile goes into the next one, all together.
 * A slider in a hand changes faster than a disk writes.
 */
export class Keeper<T extends object> {
  readonly #write: (values: Partial<T>) => Promise<void>
  #unsaved: Partial<T> = {}
  #writing: Promise<void> = Promise.resolve()
  #next: Promise<void> | null = null

  /** `write` reports its own failures; it does not reject. */
  constructor(write: (values: Partial<T>) => Promise<void>) {
    this.#write = write
  }

  /** Resolves when the values are written, or newer ones in their place. */
  keep(values: Partial<T>): Promise<void> {
    this.#unsaved = { ...this.#unsaved, ...values }
    this.#next ??= this.#writing.then(() => {
      const unsaved = this.#unsaved
      this.#unsaved = {}
      this.#next = null
      this.#writing = this.#write(unsaved)
      return this.#writing
    })
    return this.#next
  }
}
