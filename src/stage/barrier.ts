/**
 * Lets several pieces of work wait for each other: each `arrive` resolves when all parties have arrived. When one fails it
 * says so, and the others are told why instead of waiting for ever.
 */
export class Barrier {
  readonly #parties: number
  #waiting: { resolve(): void; reject(reason: Error): void }[] = []
  #failure: Error | null = null

  constructor(parties: number) {
    this.#parties = parties
  }

  arrive(): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      if (this.#waiting.length === this.#parties) for (const each of this.#waiting.splice(0)) each.resolve()
    })
  }

  fail(reason: Error): void {
    this.#failure ??= reason
    for (const each of this.#waiting.splice(0)) each.reject(this.#failure)
  }
}
