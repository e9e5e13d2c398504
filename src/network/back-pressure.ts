import type { Wire } from './wire.ts'

/** What may wait for a port before those who send to it are held back. */
export const HOLD_BACK_BYTES = 1_048_576
/** How long a port may hold its senders back without having drained. */
const PATIENCE_MS = 10
/** How long a port that used that up is only queued for, not waited for. */
const PENALTY_MS = 1_000

/**
 * The senders that wait until one port has taken what was sent to it, so that nothing is lost between two guests that
 * are both fast. Owned by the port, changed by the fabric alone. A port that does not drain in time is waited for no
 * longer: it delays nobody by more than PATIENCE_MS in PENALTY_MS, and what exceeds its queue is dropped.
 *
 *   free --(backlog)--> holding --(drained)--> free
 *                          `--(PATIENCE_MS)--> passed over --(PENALTY_MS)--> free
 */
export class BackPressure {
  readonly #held = new Set<Wire>()
  #sinceMs = 0
  #passedOverAtMs = Number.NEGATIVE_INFINITY

  /** When the patience with the port ends; null while it holds nobody. */
  get patienceEndsMs(): number | null {
    return this.#held.size === 0 ? null : this.#sinceMs + PATIENCE_MS
  }

  /** Pauses a sender's connection. False: the port has lost that right for now. */
  hold(sender: Wire, nowMs: number): boolean {
    if (nowMs - this.#passedOverAtMs < PENALTY_MS) return false
    if (this.#held.has(sender)) return true
    if (this.#held.size === 0) this.#sinceMs = nowMs
    this.#held.add(sender)
    sender.pause()
    return true
  }

  /** The port has drained, or is gone. */
  release(): void {
    for (const sender of this.#held) sender.resume()
    this.#held.clear()
  }

  /** The patience is over. */
  passOver(nowMs: number): void {
    this.#passedOverAtMs = nowMs
    this.release()
  }
}
