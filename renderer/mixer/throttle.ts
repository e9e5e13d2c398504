/** The clock a throttle runs on; `setTimeout` and `performance.now` in the window, a fake in tests. */
export interface Clock {
  now(): number
  after(delayMs: number, action: () => void): void
}

export const windowClock: Clock = {
  now: () => performance.now(),
  after: (delayMs, action) => {
    setTimeout(action, delayMs)
  },
}

/** A drag sends at most 20 changes a second. */
export const sliderIntervalMs = 50

/**
 * Sends the newest value: at once when nothing was sent for `intervalMs`, else when that time is over, and never
 * while an earlier send is still unanswered, so a slow host gets fewer changes instead of a queue of old ones.
 * The last value given is always sent. `send` must not reject.
 */
export class Throttle<T> {
  readonly #intervalMs: number
  readonly #clock: Clock
  readonly #send: (value: T) => Promise<void>
  #waiting: { value: T } | null = null
  #lastSentAt = Number.NEGATIVE_INFINITY
  #scheduled = false
  #inFlight = false

  constructor(intervalMs: number, clock: Clock, send: (value: T) => Promise<void>) {
    this.#intervalMs = intervalMs
    this.#clock = clock
    this.#send = send
  }

  /** Whether a newer value waits to be sent. */
  get waiting(): boolean {
    return this.#waiting !== null
  }

  push(value: T): void {
    this.#waiting = { value }
    this.#pump()
  }

  #pump(): void {
    if (this.#waiting === null || this.#inFlight || this.#scheduled) return
    const rest = this.#lastSentAt + this.#intervalMs - this.#clock.now()
    if (rest > 0) {
      this.#scheduled = true
      this.#clock.after(rest, () => {
        this.#scheduled = false
        this.#pump()
      })
      return
    }
    const { value } = this.#waiting
    this.#waiting = null
    this.#lastSentAt = this.#clock.now()
    this.#inFlight = true
    void this.#send(value).finally(() => {
      this.#inFlight = false
      this.#pump()
    })
  }
}
