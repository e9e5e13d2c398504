/** Keeps the newest bytes of a stream that is too fast to be kept whole, and counts the rest. */
export class TailBuffer {
  readonly #ring: Uint8Array
  #pushed = 0

  constructor(capacityBytes: number) {
    this.#ring = new Uint8Array(capacityBytes)
  }

  get length(): number {
    return Math.min(this.#pushed, this.#ring.length)
  }

  push(bytes: Uint8Array): void {
    const capacity = this.#ring.length
    const newest = bytes.subarray(Math.max(0, bytes.length - capacity))
    const at = (this.#pushed + bytes.length - newest.length) % capacity
    const head = newest.subarray(0, capacity - at)
    this.#ring.set(head, at)
    this.#ring.set(newest.subarray(head.length), 0)
    this.#pushed += bytes.length
  }

  /** What is kept, in order, and how much before it is not; empty afterwards. */
  take(): { bytes: Uint8Array; leftOut: number } {
    const { length } = this
    const end = this.#pushed % this.#ring.length
    const bytes = new Uint8Array(length)
    if (length < this.#ring.length) bytes.set(this.#ring.subarray(0, length))
    else {
      bytes.set(this.#ring.subarray(end), 0)
      bytes.set(this.#ring.subarray(0, end), this.#ring.length - end)
    }
    const leftOut = this.#pushed - length
    this.#pushed = 0
    return { bytes, leftOut }
  }
}
