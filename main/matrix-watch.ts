import type { GuestName } from '../src/contract/names.ts'
import type { WebMatrix, WebProbe } from '../src/contract/web.ts'
import { Publisher } from '../src/publisher.ts'
import type { Pair } from '../src/web/probe.ts'

export interface MatrixPorts {
  parties(): (WebMatrix['parties'][number] & { running: boolean })[]
  ask(pair: Pair): Promise<WebProbe>
}

/** Pairs asked at the same time: gentle with guests whose processors the host shares. */
const atOnce = 2

/**
 * The matrix of one path. While it has readers it asks every pair of running parties, then rests for the interval.
 * What is known of a pair stays until it is asked again, or one of the two stops running.
 */
export class MatrixWatch {
  readonly path: string
  readonly #intervalMs: number
  readonly #ports: MatrixPorts
  readonly #publisher = new Publisher<WebMatrix>()
  readonly #known = new Map<string, WebProbe>()
  readonly #asking = new Set<string>()
  #round: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #disposed = false

  constructor(path: string, intervalMs: number, ports: MatrixPorts) {
    this.path = path
    this.#intervalMs = intervalMs
    this.#ports = ports
  }

  get readers(): number {
    return this.#publisher.readers
  }

  view(): WebMatrix {
    const parties = this.#ports.parties()
    const cells = this.#pairs(parties).map(({ from, to }) => {
      const key = keyOf(from.name, to.name)
      return { from: from.name, to: to.name, checking: this.#asking.has(key), probe: from.running && to.running ? (this.#known.get(key) ?? null) : null }
    })
    return { path: this.path, intervalMs: this.#intervalMs, parties: parties.map(({ name, title, kind }) => ({ name, title, kind })), cells }
  }

  async *subscribe(signal: AbortSignal | undefined): AsyncGenerator<WebMatrix, void, void> {
    const stream = this.#publisher.subscribe([this.view()], signal)
    this.#beginRound()
    yield* stream
  }

  /** Asks every pair now, or joins the round under way. */
  check(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#round ??= this.#ask().finally(() => {
      this.#round = null
      if (this.readers > 0 && !this.#disposed) this.#timer = setTimeout(() => this.#continue(), this.#intervalMs)
    })
    return this.#round
  }

  /** A guest that has just come is asked soon, not at the next round. */
  partiesChanged(): void {
    this.#tell()
    if (this.#timer === null) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#continue(), Math.min(2_000, this.#intervalMs))
  }

  dispose(): void {
    this.#disposed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #continue(): void {
    this.#timer = null
    if (this.readers > 0) this.#beginRound()
  }

  #beginRound(): void {
    if (!this.#disposed) void this.check()
  }

  async #ask(): Promise<void> {
    const waiting = this.#pairs(this.#ports.parties()).filter(({ from, to }) => from.running && to.running)
    const worker = async () => {
      for (let pair = waiting.shift(); pair !== undefined && !this.#disposed; pair = waiting.shift()) {
        const key = keyOf(pair.from.name, pair.to.name)
        this.#asking.add(key)
        this.#tell()
        const probe = await this.#ports.ask({ from: pair.from.name, to: pair.to.name, path: this.path })
        this.#asking.delete(key)
        this.#known.set(key, probe)
        this.#tell()
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
  }

  #pairs<P extends { name: GuestName }>(parties: readonly P[]): { from: P; to: P }[] {
    return parties.flatMap((from) => parties.filter((to) => to.name !== from.name).map((to) => ({ from, to })))
  }

  #tell(): void {
    this.#publisher.publish(this.view(), 'matrix')
  }
}

function keyOf(from: GuestName, to: GuestName): string {
  return `${from} ${to}`
}
