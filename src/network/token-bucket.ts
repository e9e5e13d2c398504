/** Counts events against a steady rate with a burst; time in milliseconds is handed in. */
export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #at: number

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perMs = perSecond / 1_000
    this.#burst = burst
    this.#tokens = burst
    this.#at = nowMs
  }

  /** Takes `count` tokens when they are there. */
  take(count: number, nowMs: number): boolean {
    if (this.#tokens < count) {
      this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, nowMs - this.#at) * this.#perMs)
      this.#at = nowMs
      if (this.#tokens < count) return false
    }
    this.#tokens -= count
    return true
  }
}
