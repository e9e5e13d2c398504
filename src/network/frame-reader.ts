import { u32, u8 } from './bytes.ts'

/** QEMU `-netdev stream`: a 4-byte big-endian length, then the Ethernet frame without its checksum. */
export const HEADER_BYTES = 4
/** An Ethernet header. */
export const MIN_FRAME_BYTES = 14
/** The longest IPv4 packet (65535) behind an Ethernet header. */
export const MAX_FRAME_BYTES = 65_549
/** A length above this is not a long frame but a stream out of step: nothing after it can be trusted. */
export const CORRUPT_LENGTH_BYTES = 1_048_576

/** Copied pieces of an incomplete frame kept apart; one more and they are copied together. */
const MAX_PIECES = 8

export interface FrameSink {
  /**
   * One whole frame, length header included: the bytes of `prefix` (pieces of earlier chunks), then chunk[start, end).
   * `prefix` is the reader's copy, the receiver's to keep; the chunk belongs to whoever pushed it. Neither may be changed.
   */
  frame(chunk: Uint8Array, start: number, end: number, prefix: readonly Uint8Array[] | null): void
  refused(reason: 'runt' | 'oversize'): void
}

/**
 * Cuts a byte stream, in whatever chunks it comes, into frames. Owned by one connection. A frame inside one chunk
 * costs no copy; of one across chunks all but the last piece is copied, for the chunk is its owner's to use again.
 *
 *   header --(4 bytes)--> body --(length bytes)--> header
 *      |--(length < 14 or > 65549)--> skipped --> header
 *      `--(length > 1 MiB)--> corrupt, for good
 */
export class FrameReader {
  /** A header cut by a chunk's end. */
  readonly #header = new Uint8Array(HEADER_BYTES)
  #headerBytes = 0
  /** Header and body so far of a frame that began in an earlier chunk, and what it still lacks. */
  #pieces: Uint8Array[] = []
  #missing = 0
  #trickle: Uint8Array | null = null
  #skip = 0
  #corrupt = false

  /** Takes the next chunk. Returns false once the stream is corrupt: close the connection. */
  push(chunk: Uint8Array, sink: FrameSink): boolean {
    if (this.#corrupt) return false
    let at = 0
    if (this.#headerBytes > 0) {
      while (this.#headerBytes < HEADER_BYTES && at < chunk.length) this.#header[this.#headerBytes++] = u8(chunk, at++)
      if (this.#headerBytes < HEADER_BYTES) return true
      this.#headerBytes = 0
      if (this.#refuses(u32(this.#header, 0), sink)) {
        if (this.#corrupt) return false
      } else {
        this.#pieces.push(this.#header.slice())
        this.#missing = u32(this.#header, 0)
      }
    }
    if (this.#skip > 0) {
      const step = Math.min(this.#skip, chunk.length - at)
      this.#skip -= step
      at += step
    }
    if (this.#missing > 0) {
      if (chunk.length - at < this.#missing) {
        this.#hold(chunk.subarray(at))
        return true
      }
      const end = at + this.#missing
      const prefix = this.#pieces
      this.#pieces = []
      this.#missing = 0
      this.#trickle = null
      sink.frame(chunk, at, end, prefix)
      at = end
    }
    return this.#walk(chunk, at, sink)
  }

  /** From a frame boundary on: whole frames, then what is left of the last one. */
  #walk(chunk: Uint8Array, from: number, sink: FrameSink): boolean {
    const size = chunk.length
    let at = from
    while (at + HEADER_BYTES <= size) {
      const length = u32(chunk, at)
      const end = at + HEADER_BYTES + length
      if (length < MIN_FRAME_BYTES || length > MAX_FRAME_BYTES) {
        this.#refuses(length, sink)
        if (this.#corrupt) return false
        this.#skip = Math.max(0, end - size)
        at = Math.min(end, size)
      } else if (end > size) {
        this.#missing = HEADER_BYTES + length
        this.#hold(chunk.subarray(at))
        return true
      } else {
        sink.frame(chunk, at, end, null)
        at = end
      }
    }
    while (at < size) this.#header[this.#headerBytes++] = u8(chunk, at++)
    return true
  }

  #refuses(length: number, sink: FrameSink): boolean {
    if (length >= MIN_FRAME_BYTES && length <= MAX_FRAME_BYTES) return false
    if (length > CORRUPT_LENGTH_BYTES) {
      this.#corrupt = true
    } else {
      this.#skip = length
      sink.refused(length < MIN_FRAME_BYTES ? 'runt' : 'oversize')
    }
    return true
  }

  /** Keeps a copy of a piece; a trickle of many small ones is copied into one buffer of the frame's size. */
  #hold(piece: Uint8Array): void {
    if (piece.length === 0) return
    this.#missing -= piece.length
    if (this.#pieces.length < MAX_PIECES) {
      this.#pieces.push(new Uint8Array(piece))
      return
    }
    const held = this.#pieces.reduce((sum, each) => sum + each.length, 0)
    const whole = this.#trickle ?? new Uint8Array(held + piece.length + this.#missing)
    let at = 0
    for (const each of [...this.#pieces, piece]) {
      if (at > 0 || this.#trickle === null) whole.set(each, at)
      at += each.length
    }
    this.#trickle = whole
    this.#pieces = [whole.subarray(0, at)]
  }
}
