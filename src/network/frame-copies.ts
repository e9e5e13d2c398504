import type { ReadBuffers } from './read-buffers.ts'

/** A frame that waits: buffer[start, end), length header included. */
export interface FrameCopy {
  buffer: Uint8Array
  start: number
  end: number
  dueMs: number
}

/** Entries nobody uses that are kept: as many frames of 1514 bytes as wait for a link of 1 Gbit/s. */
const MAX_SPARE = 16_384

/**
 * Copies of frames, one behind the other in buffers that are used again, and so are the entries that say where. Owned by
 * one shaper, whose frames leave in nearly the order they came in, so no buffer is kept for long by few. Memory of its own
 * for every frame would have the collector run several times a second on a fast link, a few milliseconds each.
 */
export class FrameCopies {
  readonly #buffers: ReadBuffers
  readonly #spare: FrameCopy[] = []
  #buffer: Uint8Array | null = null
  #used = 0

  constructor(buffers: ReadBuffers) {
    this.#buffers = buffers
  }

  /** A copy that stays as it is until it is released. */
  copy(frame: Uint8Array): FrameCopy {
    let buffer = this.#buffer ?? this.#buffers.take()
    if (this.#used + frame.length > buffer.length) {
      buffer = this.#buffers.next(buffer)
      this.#used = 0
    }
    this.#buffer = buffer
    buffer.set(frame, this.#used)
    this.#buffers.hold(buffer)
    const copy = this.#spare.pop() ?? { buffer, start: 0, end: 0, dueMs: 0 }
    copy.buffer = buffer
    copy.start = this.#used
    this.#used += frame.length
    copy.end = this.#used
    return copy
  }

  /** The copy is not looked at again: neither the bytes nor the entry. */
  release(copy: FrameCopy): void {
    this.#buffers.release(copy.buffer)
    copy.buffer = NOTHING
    if (this.#spare.length < MAX_SPARE) this.#spare.push(copy)
  }

  /** Nothing is held any more: no buffer is kept for what may come. */
  rest(): void {
    if (this.#buffer !== null) this.#buffers.release(this.#buffer)
    this.#buffer = null
    this.#used = 0
  }
}

const NOTHING = new Uint8Array()
