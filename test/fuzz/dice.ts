/** A small generator of numbers that a seed repeats (mulberry32). */
export class Dice {
  #state: number
  constructor(seed: number) {
    this.#state = seed >>> 0
  }
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
  chance(percent: number): boolean {
    return this.below(100) < percent
  }
  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item // never called with none
  }
}
