import type { ReadBuffers } from './read-buffers.ts'

/**
 * Copies of frames, one behind the other in buffers that are used again. Owned by one shaper, whose frames leave in nearly
 * the order they came in, so no buffer is kept for long by few. Memory of its own for every frame would have the collector
 * run several times a second on a fast shaped link, a few milliseconds each.
 */
export class FrameCopies {
  readonly #buffers: ReadBuffers
  #buffer: Uint8Array | null = null
  #used = 0

  constructor(buffers: ReadBuffers) {
    this.#buffers = buffers
  }

  /** A copy that stays as it is until it is released. */
  copy(frame: Uint8Array): Uint8Array {
    let buffer = this.#buffer ?? this.#buffers.take()
    if (this.#used + frame.length > buffer.length) {
      buffer = this.#buffers.next(buffer)
      this.#used = 0
    }
    this.#buffer = buffer
    const copy = buffer.subarray(this.#used, this.#used + frame.length)
    copy.set(frame)
    this.#used += frame.length
    this.#buffers.hold(copy)
    return copy
  }

  release(copy: Uint8Array): void {
    this.#buffers.release(copy)
  }

  /** Nothing is held any more: no buffer is kept for what may come. */
  rest(): void {
    if (this.#buffer !== null) this.#buffers.release(this.#buffer)
    this.#buffer = null
    this.#used = 0
  }
}
