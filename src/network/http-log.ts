import type { HttpLine } from '../contract/network.ts'
import { ipv4Text } from './address.ts'
import { u32, u8 } from './bytes.ts'
import { HttpFlow, isMethodStart, type HttpExchange } from './http-flow.ts'
import { HttpShare } from './http-share.ts'
import { isTlsStart, TlsFlow } from './tls-flow.ts'

export interface HttpLogLimits {
  /** Lines kept to be asked for, of all guests. */
  readonly lines: number
  /** TCP connections followed at once, of all guests. */
  readonly flows: number
  /**
   * Work per 100 ms: 1 for a connection looked up, 1 for 64 bytes of a head. Beyond it a guest's segments are read only
   * until it has had an equal part of it, so that all together never make more than twice as much.
   */
  readonly workPer100Ms: number
  /** Silence after which a connection is forgotten. */
  readonly idleMs: number
}

export const HTTP_LOG_LIMITS: HttpLogLimits = { lines: 2_000, flows: 2_048, workPer100Ms: 10_000, idleMs: 60_000 }

/** The last connection somebody sent on, so that bulk traffic needs no lookup. */
export interface FlowCache {
  /** Whose the work is, and the connections that begin here. */
  readonly share: HttpShare
  addresses: number
  destination: number
  ports: number
  flow: HttpFlow | TlsFlow | null
  fromClient: boolean
  /** No flow was found for it when this many had been made. */
  missedAt: number
}

export function flowCache(share: HttpShare): FlowCache {
  return { share, addresses: 0, destination: 0, ports: 0, flow: null, fromClient: false, missedAt: -1 }
}

interface Followed {
  readonly flow: HttpFlow | TlsFlow
  readonly share: HttpShare
}

const FIN = 1
const RST = 4

/**
 * The line log of HTTP/1.x exchanges read from TCP segments as they pass. Owned by the fabric, which hands in every
 * TCP segment it forwards. Bounded in flows, lines and work; what is left out under load is counted in `sampledOut`.
 *
 * Each bound is shared: a guest may take all of it while nobody else wants it. When it is used up, a guest that has more
 * than an equal part loses its own oldest, and one that has less takes the oldest of whoever has most.
 */
export class HttpLog {
  readonly #limits: HttpLogLimits
  readonly #flows = new Map<string, Followed>()
  readonly #shares = new Set<HttpShare>()
  readonly #nameOf: (address: number) => string
  readonly #textOf: (address: number) => string
  readonly #onLine: (line: HttpLine) => void
  readonly #wallClock: () => number
  readonly #nextSequence: () => number
  #lineCount = 0
  /** All work of the span under way, which began at `#spanMs`. */
  #work = 0
  #span = 0
  #spanMs = 0
  #made = 0
  sampledOut = 0

  constructor(options: { limits?: HttpLogLimits; nameOf: (address: number) => string; textOf?: (address: number) => string; onLine: (line: HttpLine) => void; wallClock: () => number; nextSequence?: () => number }) {
    this.#limits = options.limits ?? HTTP_LOG_LIMITS
    this.#nameOf = options.nameOf
    this.#textOf = options.textOf ?? ipv4Text
    this.#onLine = options.onLine
    this.#wallClock = options.wallClock
    let sequence = 0
    this.#nextSequence = options.nextSequence ?? (() => ++sequence)
  }

  get flowCount(): number {
    return this.#flows.size
  }

  /** A place in the log for one more guest. */
  join(): HttpShare {
    const share = new HttpShare()
    this.#shares.add(share)
    return share
  }

  /** Its guest has no port any more: its connections are over, its lines stay until others need their room. */
  leave(share: HttpShare): void {
    for (const key of share.flows.keys()) this.#close(key)
    share.left = true
    if (share.isEmpty) this.#shares.delete(share)
  }

  /** The newest lines, oldest first. */
  lines(limit: number): HttpLine[] {
    return [...this.#shares]
      .flatMap((share) => share.lines.items())
      .sort((left, right) => left.sequence - right.sequence)
      .slice(-limit)
  }

  /** A TCP segment at view[at]: `end` bounds what can be read, `length` is the segment's true length (RFC 9293 §3.1). */
  segment(view: Uint8Array, at: number, end: number, length: number, source: number, destination: number, cache: FlowCache, nowMs: number): void {
    const header = (u8(view, at + 12) >> 4) * 4
    const flags = u8(view, at + 13)
    const payload = length - header
    if (header < 20 || payload < 0 || (payload === 0 && (flags & (FIN | RST)) === 0)) return
    if (this.#work > this.#limits.workPer100Ms && !this.#rested(nowMs) && this.#workOf(cache.share) > this.#equalPart(this.#limits.workPer100Ms)) {
      this.sampledOut++
      cache.share.sampledOut++
      return
    }
    const ports = u32(view, at)
    const start = at + header
    if (cache.ports !== ports || cache.addresses !== source || cache.destination !== destination || cache.flow === null || cache.flow.ended) {
      if (!this.#find(view, start, end, ports, source, destination, cache, nowMs)) return
    }
    const flow = cache.flow
    if (flow === null) return
    if (payload > 0 && start < end) {
      const sequence = u32(view, at + 4) | 0
      const before = flow.headBytesRead
      if (cache.fromClient) flow.fromClient(sequence, view, start, end, payload, nowMs)
      else flow.fromServer(sequence, view, start, end, payload, nowMs)
      if (flow.headBytesRead > before) this.#spend(cache.share, (flow.headBytesRead - before) / 64)
    }
    if (flow.tunnel || (flags & RST) !== 0 || ((flags & FIN) !== 0 && !cache.fromClient)) {
      cache.flow = null
      this.#close(cache.fromClient ? `${source}:${destination}:${ports}` : `${destination}:${source}:${swapped(ports)}`)
    }
  }

  /** Forgets connections silent for too long; call it now and then. */
  sweep(nowMs: number): void {
    for (const [key, { flow }] of this.#flows) if (nowMs - flow.lastAtMs > this.#limits.idleMs) this.#close(key)
  }

  /** Begins a new span of 100 ms when the last one is over. */
  #rested(nowMs: number): boolean {
    if (nowMs - this.#spanMs < 100) return false
    this.#spanMs = nowMs
    this.#span++
    this.#work = 0
    return true
  }

  #spend(share: HttpShare, work: number): void {
    share.work = this.#workOf(share) + work
    share.span = this.#span
    this.#work += work
  }

  #workOf(share: HttpShare): number {
    return share.span === this.#span ? share.work : 0
  }

  #equalPart(limit: number): number {
    return limit / this.#shares.size
  }

  /** Who gives something up for `share`, which has just gone beyond the bound of all: it has more than an equal part, or somebody else has. */
  #loser(share: HttpShare, limit: number, sizeOf: (share: HttpShare) => number): HttpShare {
    if (sizeOf(share) > this.#equalPart(limit)) return share
    let most = share
    for (const each of this.#shares) if (sizeOf(each) > sizeOf(most)) most = each
    return most
  }

  #find(view: Uint8Array, start: number, end: number, ports: number, source: number, destination: number, cache: FlowCache, nowMs: number): boolean {
    const known = cache.ports === ports && cache.addresses === source && cache.destination === destination
    if ((this.#flows.size === 0 || (known && cache.missedAt === this.#made)) && !begins(view, start, end)) return false
    this.#rested(nowMs)
    this.#spend(cache.share, 1)
    const forward = `${source}:${destination}:${ports}`
    let flow = this.#flows.get(forward)?.flow
    let fromClient = true
    if (flow === undefined) {
      flow = this.#flows.get(`${destination}:${source}:${swapped(ports)}`)?.flow
      fromClient = flow === undefined
    }
    cache.addresses = source
    cache.destination = destination
    cache.ports = ports
    if (flow === undefined) {
      if (cache.share.left || !begins(view, start, end)) {
        cache.flow = null
        cache.missedAt = this.#made
        return false
      }
      this.#made++
      flow = this.#follow(forward, cache.share, source, destination, isTlsStart(view, start, end), nowMs)
    }
    cache.flow = flow
    cache.fromClient = fromClient
    return true
  }

  #follow(key: string, share: HttpShare, source: number, destination: number, isTls: boolean, nowMs: number): HttpFlow | TlsFlow {
    const emit = (exchange: HttpExchange) => this.#add(share, exchange, source, destination)
    const flow = isTls ? new TlsFlow(emit, nowMs) : new HttpFlow(emit)
    this.#flows.set(key, { flow, share })
    share.flows.set(key, flow)
    if (this.#flows.size > this.#limits.flows) {
      const loser = this.#loser(share, this.#limits.flows, (each) => each.flows.size)
      const [oldest] = loser.flows.keys()
      if (oldest !== undefined) this.#close(oldest)
      loser.displaced++
    }
    return flow
  }

  #close(key: string): void {
    const followed = this.#flows.get(key)
    this.#flows.delete(key)
    followed?.share.flows.delete(key)
    followed?.flow.close()
  }

  #add(share: HttpShare, exchange: HttpExchange, source: number, destination: number): void {
    const line: HttpLine = {
      sequence: this.#nextSequence(),
      at: new Date(this.#wallClock()).toISOString(),
      from: this.#nameOf(source),
      to: this.#nameOf(destination),
      fromAddress: this.#textOf(source),
      ...exchange,
    }
    share.lines.push(line)
    if (++this.#lineCount > this.#limits.lines) this.#forgetLine(this.#loser(share, this.#limits.lines, (each) => each.lines.length))
    this.#onLine(line)
  }

  #forgetLine(loser: HttpShare): void {
    loser.lines.shift()
    this.#lineCount--
    if (loser.left && loser.isEmpty) this.#shares.delete(loser)
  }
}

function begins(view: Uint8Array, at: number, end: number): boolean {
  return isMethodStart(view, at, end) || isTlsStart(view, at, end)
}

function swapped(ports: number): number {
  return ((ports << 16) | (ports >>> 16)) >>> 0
}

