import type { BalloonReading, Machine } from '../engine/engine.ts'
import { delay, Follower } from './follower.ts'
import { hasFollowed } from './memory-control.ts'
import { reliefMiB } from './pressure.ts'
import type { Following, Limits } from './readings.ts'

export interface MemoryPorts {
  limits(): Limits
  changed(): void
  /** The guest was given memory back because it needed it. */
  relieved(text: string): void
  nowMs(): number
}

const followPollMs = 150
/** The balloon has not moved for this long: the guest has stopped following. */
const patienceMs = 4_000
/** A guest that did not follow is asked again after this long; virtio-mem's driver by itself waits up to five minutes. */
const askAgainAfterMs = 30_000
/** The guest reports once a second; what it said before its memory moved must not be mixed with what it has now. */
const steadyAfterMs = 2_500
/** What was given back shows in the guest's own words a moment later; until then it is not given more. */
const reliefPauseMs = 1_500
/** While a balloon holds memory, the guest's need is looked at this often: it has it back within two seconds. */
const watchMs = 500

/**
 * The memory of one running guest: what it was asked to have, what it has, and its need. A guest that runs short gets
 * memory back from the balloon whatever was asked; what was asked holds again when it is asked again.
 */
export class MemorySlider {
  readonly #ports: MemoryPorts
  readonly #follower: Follower
  #machine: Machine | null = null
  #reading: BalloonReading | null = null
  /** The last reading whose parts belong together; what the floor is reckoned from. */
  #steady: BalloonReading | null = null
  /** What the balloon was told last; it may get there long after it was told. */
  #targetMiB = Infinity
  /** The person's or the rule's last word, and when the guest was told; null once its need came first. */
  #asked: { readonly targetMiB: number; readonly atMs: number } | null = null
  #movedAt = 0
  #relievedAt = -Infinity
  #watching = false

  constructor(ports: MemoryPorts) {
    this.#ports = ports
    this.#follower = new Follower(ports.nowMs)
  }

  get reading(): BalloonReading | null {
    return this.#reading
  }

  get steady(): BalloonReading | null {
    return this.#steady
  }

  get following(): Following {
    return this.#follower.state
  }

  /** `requestedMiB` null: leave it as it is. */
  async attach(machine: Machine, requestedMiB: number | null): Promise<void> {
    this.#machine = machine
    if (this.#ports.limits().balloonUnavailable !== null) return
    await this.refresh()
    const actualMiB = this.#reading?.actualMiB ?? 0
    const target = requestedMiB === null ? null : Math.min(requestedMiB, this.#ports.limits().maximumMemoryMiB)
    if (target !== null && !hasFollowed(target, actualMiB)) await this.ask(target)
    else void this.#watch()
  }

  detach(): void {
    this.#machine = null
    this.#reading = null
    this.#steady = null
    this.#targetMiB = Infinity
    this.#asked = null
    this.#follower.end()
  }

  /** Resolves when the machine has taken the request; `followed` when the guest has, or has stopped short. */
  async ask(targetMiB: number): Promise<{ followed: Promise<void> }> {
    const machine = this.#machine
    if (machine === null) return { followed: Promise.resolve() }
    await machine.setMemory(targetMiB)
    this.#targetMiB = targetMiB
    this.#asked = { targetMiB, atMs: this.#ports.nowMs() }
    void this.#watch()
    const followed = this.#follower.follow({
      pollMs: followPollMs,
      patienceMs,
      read: async () => (await this.refresh())?.actualMiB ?? null,
      arrived: (actualMiB) => hasFollowed(targetMiB, actualMiB),
      stopped: (lastMiB) => `the guest has not followed: it stays at ${Math.round(lastMiB ?? 0)} MiB`,
    })
    return { followed: followed.then(() => this.#ports.changed()) }
  }

  /** Reads the guest's memory again, and gives it some back where it is in need. */
  async refresh(): Promise<BalloonReading | null> {
    const machine = this.#machine
    if (machine === null || this.#ports.limits().balloonUnavailable !== null) return null
    const reading = await machine.balloon()
    if (this.#machine !== machine) return null
    const before = this.#reading
    this.#reading = reading
    if (before?.actualMiB !== reading.actualMiB) this.#movedAt = this.#ports.nowMs()
    else if (this.#ports.nowMs() - this.#movedAt >= steadyAfterMs) this.#steady = reading
    const relief = reliefMiB(reading, before, this.#ports.limits().bootMemoryMiB)
    if (relief !== null && this.#ports.nowMs() - this.#relievedAt >= reliefPauseMs) await this.#relieve(machine, reading.actualMiB, relief)
    this.#insist(machine, reading.actualMiB)
    if (before?.actualMiB !== reading.actualMiB) this.#ports.changed()
    return reading
  }

  /** A guest that stopped short may come later by itself; one that could not give a block back is asked to try once more. */
  #insist(machine: Machine, actualMiB: number): void {
    const asked = this.#asked
    if (asked === null || this.#follower.state.status !== 'not-followed') return
    if (hasFollowed(asked.targetMiB, actualMiB)) {
      this.#follower.end()
      this.#ports.changed()
    } else if (this.#ports.nowMs() - asked.atMs >= askAgainAfterMs) {
      this.#asked = { ...asked, atMs: this.#ports.nowMs() }
      void machine.setMemory(asked.targetMiB).catch(() => undefined) // a machine that ends is told by its own event
    }
  }

  async #relieve(machine: Machine, actualMiB: number, targetMiB: number): Promise<void> {
    this.#relievedAt = this.#ports.nowMs()
    await machine.setMemory(targetMiB)
    this.#targetMiB = targetMiB
    this.#asked = null
    const given = Math.round(targetMiB - actualMiB)
    this.#follower.end({ status: 'not-followed', note: `the guest ran short of memory and was given ${given} MiB back` })
    this.#ports.relieved(`ran short of memory and was given ${given} MiB back`)
    this.#ports.changed()
  }

  /** Looks after the guest while its balloon holds memory, or is about to; one watch at a time. */
  async #watch(): Promise<void> {
    if (this.#watching) return
    this.#watching = true
    try {
      do {
        await delay(watchMs)
        await this.refresh().catch(() => null) // a machine that ends is told by its own event
      } while (this.#machine !== null && Math.min(this.#targetMiB, this.#reading?.actualMiB ?? Infinity) < this.#ports.limits().bootMemoryMiB)
    } finally {
      this.#watching = false
    }
  }
}
