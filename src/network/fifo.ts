/** A first-in-first-out line with constant-time ends (Array.shift moves every element of a long line). */
export class Fifo<Item> {
  #items: (Item | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  peek(): Item | undefined {
    return this.#items[this.#head]
  }

  push(item: Item): void {
    this.#items.push(item)
  }

  shift(): Item | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    this.#items[this.#head++] = undefined
    if (this.#head >= 1_024 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  /** All of them, first in first. */
  items(): Item[] {
    return this.#items.slice(this.#head).filter((item) => item !== undefined)
  }

  drain(): Item[] {
    const items = this.items()
    this.#items = []
    this.#head = 0
    return items
  }
}
