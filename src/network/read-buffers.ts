/**
 * Two reads of what a unix socket holds of the longest frames (about 230 KB), so that a frame the first cuts ends in the
 * second; little enough for a core's second-level cache.
 */
export const READ_BUFFER_BYTES = 524_288

/** Buffers no connection uses that are kept for the next. */
const MAX_SPARE = 16

/**
 * Read buffers used again as soon as nobody needs what is in them: a connection holds the one it reads into, a shaper those
 * its frames wait in, and every write still under way the one its bytes lie in. Shared by all networks of one process.
 */
export class ReadBuffers {
  readonly #uses = new WeakMap<ArrayBufferLike, { buffer: Uint8Array; count: number }>()
  readonly #spare: Uint8Array[] = []

  /** A buffer with one use, the caller's. */
  take(): Uint8Array {
    const buffer = this.#spare.pop() ?? new Uint8Array(READ_BUFFER_BYTES)
    this.#uses.set(buffer.buffer, { buffer, count: 1 })
    return buffer
  }

  /** The buffer to read into next: the same if only the caller uses it, else another. */
  next(buffer: Uint8Array): Uint8Array {
    if (this.#uses.get(buffer.buffer)?.count === 1) return buffer
    this.release(buffer)
    return this.take()
  }

  /** Holds the buffer these bytes lie in. False: it is none of these, nothing needs to be held. */
  hold(bytes: Uint8Array): boolean {
    const entry = this.#uses.get(bytes.buffer)
    if (entry === undefined) return false
    entry.count++
    return true
  }

  release(bytes: Uint8Array): void {
    const entry = this.#uses.get(bytes.buffer)
    if (entry === undefined || --entry.count > 0) return
    this.#uses.delete(bytes.buffer)
    if (this.#spare.length < MAX_SPARE) this.#spare.push(entry.buffer)
  }
}
