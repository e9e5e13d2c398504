/** One timer for many deadlines: rings at the earliest that was asked for (Node's timers count whole milliseconds). */
export class WakeTimer {
  readonly #ring: () => void
  #timer: NodeJS.Timeout | null = null
  #atMs = Number.POSITIVE_INFINITY

  constructor(ring: () => void) {
    this.#ring = ring
  }

  wakeAt(atMs: number): void {
    if (atMs >= this.#atMs) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#atMs = atMs
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#atMs = Number.POSITIVE_INFINITY
      this.#ring()
    }, Math.max(0, atMs - performance.now()))
  }

  dispose(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#atMs = Number.NEGATIVE_INFINITY
  }
}
