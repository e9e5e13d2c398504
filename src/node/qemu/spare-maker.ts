import type { EngineLogger } from './logger.ts'
import { readWarmState } from './warm-manifest.ts'
import { countSpares, makeSpare, sweepSpares } from './warm-spare.ts'

/** Long enough for the guest that just started to show its desktop before the copy takes disk and processor time. */
const delayMs = 3_000

/** Makes spares in the background, one at a time; a failure costs only the next warm start's speed. */
export class SpareMaker {
  readonly #logger: EngineLogger
  readonly #waiting = new Map<string, { readonly timer: NodeJS.Timeout; readonly warmKey: string }>()
  #work: Promise<void> = Promise.resolve()

  constructor(logger: EngineLogger) {
    this.#logger = logger
  }

  /** Sees to it that the warm state in `directory` has a spare soon. */
  want(directory: string, warmKey: string, afterMs = delayMs): void {
    clearTimeout(this.#waiting.get(directory)?.timer)
    const timer = setTimeout(() => this.#begin(directory, warmKey), afterMs)
    timer.unref()
    this.#waiting.set(directory, { timer, warmKey })
  }

  async settled(): Promise<void> {
    for (const [directory, { timer, warmKey }] of this.#waiting) {
      clearTimeout(timer)
      this.#begin(directory, warmKey)
    }
    await this.#work
  }

  #begin(directory: string, warmKey: string): void {
    this.#waiting.delete(directory)
    this.#work = this.#work.then(() => this.#make(directory, warmKey))
  }

  async #make(directory: string, warmKey: string): Promise<void> {
    try {
      const state = readWarmState(directory, warmKey)
      sweepSpares(state)
      if (countSpares(state) === 0) await makeSpare(state, { background: true })
    } catch (error) {
      this.#logger.warn({ directory, error: String(error) }, 'the copy for the next warm start could not be made')
    }
  }
}
