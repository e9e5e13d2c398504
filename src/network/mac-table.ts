import { macKey } from './address.ts'

/** Entries a network may hold, and how long one that is not heard from stays. */
export interface MacTableLimits {
  readonly entries: number
  readonly perOwner: number
  readonly maxAgeMs: number
}

interface Entry<Owner> {
  owner: Owner
  /** null: pinned, never ages. */
  seenAtMs: number | null
}

/**
 * Which port a MAC lives behind. Pinned entries are a port's own address; learned ones come from the frames of
 * ports that are allowed more than one (a guest that bridges guests of its own). A full table learns nothing new:
 * a flood of invented addresses must not push the honest ones out.
 */
export class MacTable<Owner> {
  readonly #entries = new Map<number, Entry<Owner>>()
  readonly #learned = new Map<Owner, number>()
  readonly #limits: MacTableLimits
  #pinned = 0

  constructor(limits: MacTableLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.size
  }

  pin(high: number, low: number, owner: Owner): void {
    const key = macKey(high, low)
    this.#remove(key)
    this.#entries.set(key, { owner, seenAtMs: null })
    this.#pinned++
  }

  /** `refused`: the table or this owner's share is full; `foreign`: pinned to another owner. */
  learn(high: number, low: number, owner: Owner, nowMs: number): 'known' | 'learned' | 'refused' | 'foreign' {
    const key = macKey(high, low)
    const entry = this.#live(key, nowMs)
    if (entry !== undefined) {
      if (entry.owner === owner) {
        if (entry.seenAtMs !== null) entry.seenAtMs = nowMs
        return 'known'
      }
      if (entry.seenAtMs === null) return 'foreign'
      this.#remove(key)
    }
    if (this.#isFull(owner)) this.#expire(nowMs)
    if (this.#isFull(owner)) return 'refused'
    this.#entries.set(key, { owner, seenAtMs: nowMs })
    this.#learned.set(owner, (this.#learned.get(owner) ?? 0) + 1)
    return 'learned'
  }

  lookup(high: number, low: number, nowMs: number): Owner | undefined {
    return this.#live(macKey(high, low), nowMs)?.owner
  }

  forget(owner: Owner): void {
    for (const [key, entry] of this.#entries) if (entry.owner === owner) this.#remove(key)
    this.#learned.delete(owner)
  }

  #isFull(owner: Owner): boolean {
    return this.#entries.size - this.#pinned >= this.#limits.entries || (this.#learned.get(owner) ?? 0) >= this.#limits.perOwner
  }

  /** The entry, unless nobody was heard from there for too long: then it is as if it had never been. */
  #live(key: number, nowMs: number): Entry<Owner> | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || !this.#isAged(entry, nowMs)) return entry
    this.#remove(key)
    return undefined
  }

  #isAged({ seenAtMs }: Entry<Owner>, nowMs: number): boolean {
    return seenAtMs !== null && nowMs - seenAtMs > this.#limits.maxAgeMs
  }

  #expire(nowMs: number): void {
    for (const [key, entry] of this.#entries) if (this.#isAged(entry, nowMs)) this.#remove(key)
  }

  #remove(key: number): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    if (entry.seenAtMs === null) this.#pinned--
    else this.#learned.set(entry.owner, (this.#learned.get(entry.owner) ?? 1) - 1)
  }
}
