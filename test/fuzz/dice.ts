/** mulberry32 (Tommy Ettinger, public domain): the same 32-bit numbers for a seed everywhere. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

/** Numbers from 0 up to 1 that a failure's seed brings back. */
export function randomOf(seed: number): () => number {
  const next = mulberry32(seed)
  return () => next() / 2 ** 32
}

/** A small generator of choices that a seed repeats. */
export class Dice {
  readonly #next: () => number
  constructor(seed: number) {
    this.#next = mulberry32(seed)
  }
  below(limit: number): number {
    return this.#next() % limit
  }
  chance(percent: number): boolean {
    return this.below(100) < percent
  }
  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item // never called with none
  }
}
