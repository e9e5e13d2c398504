import { u32 } from './bytes.ts'

/** QEMU `-netdev stream`: a 4-byte big-endian length, then the Ethernet frame without its checksum. */
export const HEADER_BYTES = 4
/** An Ethernet header. */
export const MIN_FRAME_BYTES = 14
/** The longest IPv4 packet (65535) behind an Ethernet header. */
export const MAX_FRAME_BYTES = 65_549
/** A length above this is not a long frame but a stream out of step: nothing after it can be trusted. */
export const CORRUPT_LENGTH_BYTES = 1_048_576

/** What a push answers once the stream is corrupt: close the connection. */
export const CORRUPT = -1

export interface FrameSink {
  /** One whole frame, length header included: chunk[start, end). The chunk belongs to whoever pushed it and may not be changed. */
  frame(chunk: Uint8Array, start: number, end: number): void
  refused(reason: 'runt' | 'oversize'): void
}

/**
 * Cuts a byte stream into frames without copying any. Owned by one connection. A frame that the chunk's end cuts is left
 * to whoever pushes: it is to come again, whole, at the beginning of a later chunk.
 *
 *   header --(4 bytes)--> body --(length bytes)--> header
 *      |--(length < 14 or > 65549)--> skipped --> header
 *      `--(length > 1 MiB)--> corrupt, for good
 */
export class FrameReader {
  /** What is still to come of a refused frame. */
  #skip = 0
  #corrupt = false

  /**
   * Takes the next chunk. Returns how many bytes at its end begin a frame that is not whole, at most HEADER_BYTES +
   * MAX_FRAME_BYTES - 1: the next chunk must begin with them. CORRUPT when nothing more can be read.
   */
  push(chunk: Uint8Array, sink: FrameSink): number {
    if (this.#corrupt) return CORRUPT
    const size = chunk.length
    let at = Math.min(this.#skip, size)
    this.#skip -= at
    while (at + HEADER_BYTES <= size) {
      const length = u32(chunk, at)
      const end = at + HEADER_BYTES + length
      if (length < MIN_FRAME_BYTES || length > MAX_FRAME_BYTES) {
        if (length > CORRUPT_LENGTH_BYTES) {
          this.#corrupt = true
          return CORRUPT
        }
        sink.refused(length < MIN_FRAME_BYTES ? 'runt' : 'oversize')
        this.#skip = Math.max(0, end - size)
        at = Math.min(end, size)
      } else if (end > size) {
        break
      } else {
        sink.frame(chunk, at, end)
        at = end
      }
    }
    return size - at
  }
}
