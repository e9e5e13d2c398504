interface Early {
  readonly sequence: number
  readonly payload: Uint8Array
  readonly hasFin: boolean
}

/** Segments held at most, however short they are. */
const MAX_SEGMENTS = 1_024

/**
 * TCP segments that came before their turn, until the gap before them is filled (RFC 9293 §3.10.7.4): one lost on a long
 * link then costs one repeat, not the whole window. Bounded in bytes and number; what does not fit will be repeated.
 */
export class EarlySegments {
  /** By sequence, the next one first. */
  #held: Early[] = []
  #bytes = 0

  /** `next` is the byte expected; `room` how many may be held. The payload is copied. */
  add(segment: Early, next: number, room: number): void {
    const { sequence, payload } = segment
    const distance = (sequence - next) | 0
    const at = this.#held.findIndex((each) => ((each.sequence - next) | 0) >= distance)
    const there = at < 0 ? undefined : this.#held[at]
    if (there?.sequence === sequence && there.payload.length >= payload.length) return
    if (this.#held.length >= MAX_SEGMENTS || this.#bytes + payload.length > room || distance + payload.length > room) return
    this.#bytes += payload.length
    this.#held.splice(at < 0 ? this.#held.length : at, 0, { ...segment, payload: payload.slice() })
  }

  /** The held segment that the byte `next` lies in or begins; null while there is still a gap. */
  take(next: number): Early | null {
    const [first] = this.#held
    if (first === undefined || ((first.sequence - next) | 0) > 0) return null
    this.#held.shift()
    this.#bytes -= first.payload.length
    return first
  }
}
