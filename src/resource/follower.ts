import { type Following, settled } from './readings.ts'

export interface Watch {
  /** How far the guest has come; null while it cannot be told. May help the guest along. */
  read(): Promise<number | null>
  arrived(value: number): boolean
  /** No movement for this long means that the guest has stopped following. */
  readonly patienceMs: number
  readonly pollMs: number
  /** What to say of a guest that stopped at `last`. */
  stopped(last: number | null): string
}

/**
 * Watches a value that the guest moves in its own time, until it has arrived or stopped short. A newer request ends an
 * older watch; `end` ends the last.
 */
export class Follower {
  #run = 0
  #state: Following = settled
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  get state(): Following {
    return this.#state
  }

  end(state: Following = settled): void {
    this.#run += 1
    this.#state = state
  }

  /** Resolves when the watch is over, whatever became of it. */
  async follow(watch: Watch): Promise<void> {
    this.end({ status: 'following', note: null })
    const run = this.#run
    let last: number | null = null
    let movedAt = this.#nowMs()
    for (;;) {
      const value = await watch.read().catch(() => null) // the machine may end meanwhile: `end` then ends this watch
      if (run !== this.#run) return
      if (value !== null && watch.arrived(value)) return void (this.#state = settled)
      if (value !== null && value !== last) movedAt = this.#nowMs()
      last = value ?? last
      if (this.#nowMs() - movedAt > watch.patienceMs) return void (this.#state = { status: 'not-followed', note: watch.stopped(last) })
      await delay(watch.pollMs)
      if (run !== this.#run) return
    }
  }
}

export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}
