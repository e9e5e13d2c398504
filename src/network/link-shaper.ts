import { Fifo } from './fifo.ts'
import { FrameCopies, type FrameCopy } from './frame-copies.ts'
import type { ReadBuffers } from './read-buffers.ts'

/** What a link does to the frames of one direction. Rates count Ethernet bytes; probabilities are 0 to 1. */
export interface LinkConditions {
  readonly bitsPerSecond: number | null
  readonly latencyMs: number
  /** The delay varies evenly by up to this much both ways; order is kept. */
  readonly jitterMs: number
  readonly loss: number
  /** Share of frames that skip the delay and so overtake the ones before (as tc-netem's `reorder`). */
  readonly reorder: number
}

export const UNSHAPED: LinkConditions = { bitsPerSecond: null, latencyMs: 0, jitterMs: 0, loss: 0, reorder: 0 }

export function isUnshaped(conditions: LinkConditions): boolean {
  return conditions.bitsPerSecond === null && conditions.latencyMs === 0 && conditions.jitterMs === 0 && conditions.loss === 0
}

/** Queue in front of a slow link: 200 ms of it, but never less than four of the largest frames. */
const QUEUE_MS = 200
const MIN_QUEUE_BYTES = 262_144
/** Frames under way on a long link, all together. */
const MAX_HELD_BYTES = 33_554_432

/**
 * One direction of one shaped link. A frame's departure is fixed when it enters: the link is busy until `#freeAtMs`,
 * serialising takes bytes x 8 / rate, then the delay. Departures are absolute times, so late timers shift frames by
 * less than a tick and never change the rate. Two first-in-first-out lines suffice: the ordinary and the overtakers.
 */
export class LinkShaper {
  #conditions: LinkConditions
  readonly #random: () => number
  readonly #emit: (frame: Uint8Array) => void
  readonly #copies: FrameCopies
  readonly #ordered = new Fifo<FrameCopy>()
  readonly #overtaking = new Fifo<FrameCopy>()
  #freeAtMs = 0
  #lastDueMs = 0
  heldBytes = 0

  /** What `emit` is given is the shaper's own again as soon as it returns. */
  constructor(conditions: LinkConditions, buffers: ReadBuffers, random: () => number, emit: (frame: Uint8Array) => void) {
    this.#conditions = conditions
    this.#random = random
    this.#emit = emit
    this.#copies = new FrameCopies(buffers)
  }

  get conditions(): LinkConditions {
    return this.#conditions
  }

  /** When the next frame is due, null when none is held. */
  get nextDueMs(): number | null {
    const first = this.#ordered.peek()?.dueMs ?? null
    const express = this.#overtaking.peek()?.dueMs ?? null
    if (first === null || express === null) return first ?? express
    return Math.min(first, express)
  }

  /** Takes a copy of a frame (length header included). Says why it was dropped when it was. */
  enqueue(frame: Uint8Array, nowMs: number): 'held' | 'loss' | 'queue-full' {
    const { loss } = this.#conditions
    if (loss > 0 && this.#random() < loss) return 'loss'
    return this.#admit(frame, null, nowMs)
  }

  /** Emits every frame that is due. */
  release(nowMs: number): void {
    while (true) {
      const ordered = this.#ordered.peek()
      const express = this.#overtaking.peek()
      const useExpress = express !== undefined && (ordered === undefined || express.dueMs <= ordered.dueMs)
      const held = useExpress ? express : ordered
      if (held === undefined || held.dueMs > nowMs) break
      if (useExpress) this.#overtaking.shift()
      else this.#ordered.shift()
      this.heldBytes -= held.end - held.start
      this.#emit(held.buffer.subarray(held.start, held.end))
      this.#copies.release(held)
    }
    if (this.heldBytes === 0) this.#copies.rest()
  }

  /** New conditions hold at once, for the frames that wait too; nothing that waits is lost. */
  change(conditions: LinkConditions, nowMs: number): void {
    const waiting = [...this.#ordered.drain(), ...this.#overtaking.drain()].sort((left, right) => left.dueMs - right.dueMs)
    this.heldBytes = 0
    this.#freeAtMs = nowMs
    this.#lastDueMs = nowMs
    this.#conditions = conditions
    for (const held of waiting) this.#admit(held.buffer.subarray(held.start, held.end), held, nowMs)
  }

  /** `held`: what the frame waits in already; such a one is never turned away. */
  #admit(frame: Uint8Array, held: FrameCopy | null, nowMs: number): 'held' | 'queue-full' {
    const { bitsPerSecond, latencyMs, jitterMs, reorder } = this.#conditions
    if (held === null && this.heldBytes + frame.length > MAX_HELD_BYTES) return 'queue-full'
    let leavesAtMs = nowMs
    if (bitsPerSecond !== null) {
      const bits = (frame.length - 4) * 8
      const startMs = Math.max(nowMs, this.#freeAtMs)
      const backlogBytes = ((startMs - nowMs) * bitsPerSecond) / 8_000
      if (held === null && backlogBytes + bits / 8 > Math.max(MIN_QUEUE_BYTES, (QUEUE_MS * bitsPerSecond) / 8_000)) return 'queue-full'
      leavesAtMs = startMs + (bits * 1_000) / bitsPerSecond
      this.#freeAtMs = leavesAtMs
    }
    this.heldBytes += frame.length
    const waiting = held ?? this.#copies.copy(frame)
    if (reorder > 0 && this.#random() < reorder) {
      waiting.dueMs = leavesAtMs
      this.#overtaking.push(waiting)
      return 'held'
    }
    const jitter = jitterMs === 0 ? 0 : (this.#random() * 2 - 1) * jitterMs
    this.#lastDueMs = Math.max(this.#lastDueMs, leavesAtMs + Math.max(0, latencyMs + jitter))
    waiting.dueMs = this.#lastDueMs
    this.#ordered.push(waiting)
    return 'held'
  }
}
