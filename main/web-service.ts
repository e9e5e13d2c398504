import type { Duplex } from 'node:stream'
import type { GuestName } from '../src/contract/names.ts'
import type { HttpLine } from '../src/contract/network.ts'
import { Refusal, reasonOf } from '../src/contract/refusal.ts'
import { hostParty, type WebEvidence, type WebMatrix, type WebProbe } from '../src/contract/web.ts'
import type { Machine } from '../src/engine/engine.ts'
import { cardsOf, domainOf } from '../src/guest/cards.ts'
import { stageDomain } from '../src/guest/definition.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { fetchOver } from '../src/node/web-fetch.ts'
import type { PageAnswer } from '../src/web/answer.ts'
import { fetchers, type Fetcher } from '../src/web/fetcher.ts'
import { probeFromWire, probeOf, probeUrl, unasked, type Pair } from '../src/web/probe.ts'
import { MatrixWatch } from './matrix-watch.ts'

export interface WebPorts {
  owners(): GuestOwner[]
  /** Throws NOT_FOUND for an unknown name. */
  owner(name: GuestName): GuestOwner
  requests(limit: number): Promise<HttpLine[]>
  /** A connection from the host into the network. */
  dial(guest: GuestName, port: number): Promise<Duplex>
}

export interface ProbeRequest {
  readonly from?: GuestName | undefined
  readonly to?: GuestName | undefined
  readonly path: string
  readonly timeoutMs: number
  readonly host: boolean
}

interface Asked {
  readonly probe: WebProbe
  readonly answer: PageAnswer | null
}

const detectTimeoutMs = 15_000
const matrixTimeoutMs = 10_000

/**
 * Who can open whose page. Each guest is asked through its agent with the first program found in it (looked for once
 * per run of the guest); when that cannot be, the HTTP log says what passed on the wire. The host asks through the
 * switch. Owns the watched matrices.
 */
export class WebService {
  readonly #ports: WebPorts
  readonly #fetchers = new WeakMap<Machine, Promise<Fetcher | null>>()
  readonly #watches = new Map<string, MatrixWatch>()

  constructor(ports: WebPorts) {
    this.#ports = ports
  }

  /** Every pair of running guests, or the named ones only, all at once. */
  async probe(request: ProbeRequest): Promise<WebProbe[]> {
    const running = this.#running()
    const all = request.host ? [...running, hostParty] : running
    const from = request.from === undefined ? all : [this.#party(request.from)]
    const to = request.to === undefined ? all : [this.#party(request.to)]
    const pairs = from.flatMap((source) => to.filter((target) => target !== source).map((target) => ({ from: source, to: target, path: request.path })))
    return Promise.all(pairs.map(async (pair) => (await this.#ask(pair, request.timeoutMs)).probe))
  }

  async evidence(request: { from: GuestName; to: GuestName; path: string; timeoutMs: number }): Promise<WebEvidence> {
    const pair = { from: this.#party(request.from), to: this.#party(request.to), path: request.path }
    if (pair.from === pair.to) throw new Refusal('out-of-range', pair.from, 'the page is to be opened by another', 'name two different ones')
    const [{ probe, answer }, screenshot] = await Promise.all([this.#ask(pair, request.timeoutMs), this.#screenshot(pair.from)])
    return { probe, requestLine: `GET ${request.path} HTTP/1.1`, statusLine: answer?.statusLine ?? null, headers: [...(answer?.headers ?? [])], body: answer?.body ?? '', screenshot }
  }

  /** Asks every pair now; whoever watches this path sees it too. */
  async matrix(path: string): Promise<WebMatrix> {
    const watched = [...this.#watches.values()].filter((watch) => watch.path === path)
    const [first = new MatrixWatch(path, 0, this.#matrixPorts()), ...others] = watched
    await Promise.all([first, ...others].map((watch) => watch.check()))
    return first.view()
  }

  async *watch(path: string, intervalMs: number, signal: AbortSignal | undefined): AsyncGenerator<WebMatrix, void, void> {
    const key = `${intervalMs} ${path}`
    const watch = this.#watches.get(key) ?? new MatrixWatch(path, intervalMs, this.#matrixPorts())
    this.#watches.set(key, watch)
    try {
      yield* watch.subscribe(signal)
    } finally {
      if (watch.readers === 0) {
        watch.dispose()
        this.#watches.delete(key)
      }
    }
  }

  /** Guests came, went or changed state. */
  changed(): void {
    for (const watch of this.#watches.values()) watch.partiesChanged()
  }

  dispose(): void {
    for (const watch of this.#watches.values()) watch.dispose()
  }

  #matrixPorts() {
    return {
      parties: () => [
        ...this.#ports.owners().map(({ definition: { name, title }, state }) => ({ name, title, kind: 'guest' as const, running: state === 'running' })),
        { name: hostParty, title: 'This computer', kind: 'host' as const, running: this.#running().length > 0 },
      ],
      // A round takes a while: one of the two may have been deleted, or have another name, when its turn comes.
      ask: (pair: Pair) =>
        this.#ask(pair, matrixTimeoutMs).then(
          ({ probe }) => probe,
          (error: unknown) => unasked(pair, probeUrl(pair.to, stageDomain, pair.path), reasonOf(error)),
        ),
    }
  }

  #running(): GuestName[] {
    return this.#ports
      .owners()
      .filter((owner) => owner.state === 'running')
      .map((owner) => owner.definition.name)
  }

  #party(name: GuestName): GuestName {
    return name === hostParty ? hostParty : this.#ports.owner(name).definition.name
  }

  async #ask(pair: Pair, timeoutMs: number): Promise<Asked> {
    const domain = this.#domain(pair)
    const url = probeUrl(pair.to, domain ?? stageDomain, pair.path)
    if (domain === null) return { answer: null, probe: unasked(pair, url, 'they are on no network together') }
    if (pair.from === hostParty) {
      const answer = await fetchOver(() => this.#ports.dial(pair.to, 80), new URL(url), timeoutMs)
      return { answer, probe: probeOf(pair, url, new Date().toISOString(), answer, 'host', 'host') }
    }
    const begun = performance.now()
    try {
      const { agent } = this.#ports.owner(pair.from).demandMachine('exec')
      const fetcher = await this.#fetcherOf(pair.from)
      if (fetcher === null) throw new Error(`${pair.from} has none of ${fetchers.map((each) => each.name).join(', ')}`)
      const outcome = await agent.exec(fetcher.path, fetcher.command(url, Math.max(1, Math.ceil(timeoutMs / 1_000))), timeoutMs + 5_000)
      const answer = fetcher.read(outcome, performance.now() - begun)
      return { answer, probe: probeOf(pair, url, new Date().toISOString(), answer, 'agent', fetcher.name) }
    } catch (error) {
      const lines = await this.#ports.requests(500).catch(() => []) // without a network there is no log either
      return { answer: null, probe: probeFromWire(pair, url, lines, reasonOf(error), new Date()) }
    }
  }

  /** Of the first network that both are on, the asking guest's order counting; null when there is none. The host is on all. */
  #domain({ from, to }: Pair): string | null {
    const networks = (name: GuestName) => cardsOf(this.#ports.owner(name).definition).map((card) => card.network)
    const [first] = from === hostParty ? networks(to) : to === hostParty ? networks(from) : networks(from).filter((network) => networks(to).includes(network))
    return first === undefined ? null : domainOf(first)
  }

  /** Looked for once per run; again when the agent failed while it was looked for. */
  #fetcherOf(guest: GuestName): Promise<Fetcher | null> {
    const machine = this.#ports.owner(guest).demandMachine('exec')
    const known = this.#fetchers.get(machine)
    if (known !== undefined) return known
    const search = findFetcher(machine)
    this.#fetchers.set(machine, search)
    search.then(
      (found) => found === null && this.#fetchers.delete(machine),
      () => this.#fetchers.delete(machine),
    )
    return search
  }

  async #screenshot(party: GuestName): Promise<WebEvidence['screenshot']> {
    const machine = party === hostParty ? null : this.#ports.owner(party).machine
    if (machine === null) return null
    const taken = await machine.screenshot().catch(() => null) // the evidence stands without its picture
    return taken === null ? null : { png: Buffer.from(taken.png).toString('base64'), width: taken.width, height: taken.height }
  }
}

async function findFetcher({ agent }: Machine): Promise<Fetcher | null> {
  for (const fetcher of fetchers) {
    const found = await agent.exec(fetcher.path, [...fetcher.detect], detectTimeoutMs).then(
      ({ exitCode }) => exitCode === 0,
      () => false, // the agent says so when there is no such program
    )
    if (found) return fetcher
  }
  return null
}
