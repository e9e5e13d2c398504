/** Who puts a change into force. None waits for another: a machine that is starved of CPU must not hold up its own weight. */
export type Hand = 'switch' | 'kernel' | 'disk' | 'guest'

/** Each hand does one thing after the other, so that of two changes the later one lands. */
export class Turns {
  readonly #last = new Map<Hand, Promise<unknown>>()

  take(hand: Hand, work: () => Promise<void>): Promise<void> {
    const done = (this.#last.get(hand) ?? Promise.resolve()).then(work)
    this.#last.set(hand, done.catch(() => undefined)) // the caller is told
    return done
  }
}

/** Resolves when all are over, whatever became of them; then throws the first failure, if any. */
export async function allOf(parts: readonly (Promise<void> | null)[]): Promise<void> {
  for (const outcome of await Promise.allSettled(parts)) if (outcome.status === 'rejected') throw outcome.reason
}
