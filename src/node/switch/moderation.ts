/** A read of this many frames, this short on average, is one of a flood: whoever sends so waits for no answer. */
const FLOOD_FRAMES = 16
const FLOOD_MEAN_BYTES = 512

/** Asked for; with the kernel's timer slack (50 µs) a rest is about 75 µs, in which a fast sender fills half its socket. */
const REST_MS = 0.02

/**
 * Interrupt moderation, as network cards have it: in a flood of small frames the process rests for a moment after it has
 * passed on what it read. The next read then brings many more frames, and sender and receiver are woken once for all of
 * them instead of every few. Reads with few or long frames, and with them every question that waits for its answer, are
 * never delayed by their own connection. Shared by the connections of one process: it rests once a turn of its loop.
 */
export class Moderation {
  readonly #never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  readonly #rest = () => {
    this.#planned = false
    Atomics.wait(this.#never, 0, 0, REST_MS)
  }
  #planned = false

  /** A connection has handed on a read of so many frames and bytes. */
  passedOn(frames: number, bytes: number): void {
    if (this.#planned || frames < FLOOD_FRAMES || bytes > frames * FLOOD_MEAN_BYTES) return
    this.#planned = true
    setImmediate(this.#rest)
  }
}
