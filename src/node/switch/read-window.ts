import { HEADER_BYTES, MAX_FRAME_BYTES } from '../../network/frame-reader.ts'
import type { ReadBuffers } from '../../network/read-buffers.ts'

const LONGEST = HEADER_BYTES + MAX_FRAME_BYTES
/** A cut frame's beginning up to this long is moved rather than read on behind. */
const SHORT = 2_048

/**
 * Where one connection's bytes are put. A frame that a read cuts is read on behind its beginning, in the same buffer, so
 * it is whole without a copy; only where the buffer has no room for its rest is the beginning moved to the front of the next.
 * `take` is shown everything that is not taken yet and returns how many bytes at the end it wants to see again.
 */
export class ReadWindow {
  readonly #buffers: ReadBuffers
  readonly #take: (bytes: Uint8Array) => number
  #buffer: Uint8Array | null = null
  /** Of #buffer: [start, end) was read and is wanted again. */
  #start = 0
  #end = 0

  constructor(buffers: ReadBuffers, take: (bytes: Uint8Array) => number) {
    this.#buffers = buffers
    this.#take = take
  }

  /** Where the next bytes are to be put. */
  room(): Uint8Array {
    const before = this.#buffer ?? this.#buffers.take()
    const wanted = this.#end - this.#start
    this.#buffer = before
    if (wanted > SHORT && before.length - this.#start >= LONGEST) return before.subarray(this.#end)
    const next = this.#buffers.next(before)
    if (wanted > 0) next.set(before.subarray(this.#start, this.#end))
    this.#buffer = next
    this.#start = 0
    this.#end = wanted
    return wanted === 0 ? next : next.subarray(wanted)
  }

  /** So many bytes were put there. */
  filled(count: number): void {
    if (this.#buffer === null) return
    const end = this.#end + count
    const wanted = this.#take(this.#buffer.subarray(this.#start, end))
    this.#start = end - wanted
    this.#end = end
  }

  /** The same for bytes that came in a chunk of their own. */
  put(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const room = this.room()
      const part = chunk.subarray(at, at + room.length)
      room.set(part)
      this.filled(part.length)
      at += part.length
    }
  }

  /** The connection is over. */
  close(): void {
    if (this.#buffer !== null) this.#buffers.release(this.#buffer)
    this.#buffer = null
    this.#start = 0
    this.#end = 0
  }
}
