import type { HttpLine } from '../contract/network.ts'
import { ipv4Text } from './address.ts'
import { u32, u8 } from './bytes.ts'
import { HttpFlow, isMethodStart, type HttpExchange } from './http-flow.ts'
import { isTlsStart, TlsFlow } from './tls-flow.ts'

export interface HttpLogLimits {
  /** Lines kept to be asked for. */
  readonly lines: number
  /** TCP connections followed at once; the one followed longest makes room. */
  readonly flows: number
  /** Work per 100 ms before the rest is left out of the log: 1 for a connection looked up, 1 for 64 bytes of a head. */
  readonly workPer100Ms: number
  /** Silence after which a connection is forgotten. */
  readonly idleMs: number
}

export const HTTP_LOG_LIMITS: HttpLogLimits = { lines: 2_000, flows: 2_048, workPer100Ms: 10_000, idleMs: 60_000 }

/** The last connection a port sent on, so that bulk traffic needs no lookup. */
export interface FlowCache {
  addresses: number
  destination: number
  ports: number
  flow: HttpFlow | TlsFlow | null
  fromClient: boolean
  /** No flow was found for it when this many had been made. */
  missedAt: number
}

export function flowCache(): FlowCache {
  return { addresses: 0, destination: 0, ports: 0, flow: null, fromClient: false, missedAt: -1 }
}

const FIN = 1
const RST = 4

/**
 * The line log of HTTP/1.x exchanges read from TCP segments as they pass. Owned by the fabric, which hands in every
 * TCP segment it forwards. Bounded in flows, lines and work; what is left out under load is counted in `sampledOut`.
 */
export class HttpLog {
  readonly #limits: HttpLogLimits
  readonly #flows = new Map<string, HttpFlow | TlsFlow>()
  readonly #lines: HttpLine[] = []
  readonly #nameOf: (address: number) => string
  readonly #textOf: (address: number) => string
  readonly #onLine: (line: HttpLine) => void
  readonly #wallClock: () => number
  readonly #nextSequence: () => number
  #work = 0
  #made = 0
  #windowMs = 0
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

  /** The newest lines, oldest first. */
  lines(limit: number): HttpLine[] {
    return this.#lines.slice(-limit)
  }

  /** A TCP segment at view[at]: `end` bounds what can be read, `length` is the segment's true length (RFC 9293 §3.1). */
  segment(view: Uint8Array, at: number, end: number, length: number, source: number, destination: number, cache: FlowCache, nowMs: number): void {
    const header = (u8(view, at + 12) >> 4) * 4
    const flags = u8(view, at + 13)
    const payload = length - header
    if (header < 20 || payload < 0 || (payload === 0 && (flags & (FIN | RST)) === 0)) return
    if (this.#work > this.#limits.workPer100Ms && !this.#rested(nowMs)) {
      this.sampledOut++
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
      this.#work += (flow.headBytesRead - before) / 64
    }
    if (flow.tunnel || (flags & RST) !== 0 || ((flags & FIN) !== 0 && !cache.fromClient)) this.#end(flow, cache, source, destination, ports)
  }

  /** Forgets connections silent for too long; call it now and then. */
  sweep(nowMs: number): void {
    for (const [key, flow] of this.#flows) {
      if (nowMs - flow.lastAtMs <= this.#limits.idleMs) continue
      this.#flows.delete(key)
      flow.close()
    }
  }

  /** Begins a new span of 100 ms when the last one is over. */
  #rested(nowMs: number): boolean {
    if (nowMs - this.#windowMs < 100) return false
    this.#windowMs = nowMs
    this.#work = 0
    return true
  }

  #find(view: Uint8Array, start: number, end: number, ports: number, source: number, destination: number, cache: FlowCache, nowMs: number): boolean {
    const known = cache.ports === ports && cache.addresses === source && cache.destination === destination
    if ((this.#flows.size === 0 || (known && cache.missedAt === this.#made)) && !begins(view, start, end)) return false
    this.#rested(nowMs)
    this.#work++
    const forward = `${source}:${destination}:${ports}`
    let flow = this.#flows.get(forward)
    let fromClient = true
    if (flow === undefined) {
      flow = this.#flows.get(`${destination}:${source}:${swapped(ports)}`)
      fromClient = flow === undefined
    }
    cache.addresses = source
    cache.destination = destination
    cache.ports = ports
    if (flow === undefined) {
      if (!begins(view, start, end)) {
        cache.flow = null
        cache.missedAt = this.#made
        return false
      }
      this.#made++
      const at = { source, destination }
      const emit = (exchange: HttpExchange) => this.#add(exchange, at.source, at.destination)
      flow = isTlsStart(view, start, end) ? new TlsFlow(emit, nowMs) : new HttpFlow(emit)
      this.#flows.set(forward, flow)
      if (this.#flows.size > this.#limits.flows) this.#evict()
    }
    cache.flow = flow
    cache.fromClient = fromClient
    return true
  }

  #evict(): void {
    for (const [key, flow] of this.#flows) {
      this.#flows.delete(key)
      flow.close()
      return
    }
  }

  #end(flow: HttpFlow | TlsFlow, cache: FlowCache, source: number, destination: number, ports: number): void {
    this.#flows.delete(cache.fromClient ? `${source}:${destination}:${ports}` : `${destination}:${source}:${swapped(ports)}`)
    cache.flow = null
    flow.close()
  }

  #add(exchange: HttpExchange, source: number, destination: number): void {
    const line: HttpLine = {
      sequence: this.#nextSequence(),
      at: new Date(this.#wallClock()).toISOString(),
      from: this.#nameOf(source),
      to: this.#nameOf(destination),
      fromAddress: this.#textOf(source),
      ...exchange,
    }
    this.#lines.push(line)
    if (this.#lines.length >= this.#limits.lines * 2) this.#lines.splice(0, this.#limits.lines)
    this.#onLine(line)
  }
}

function begins(view: Uint8Array, at: number, end: number): boolean {
  return isMethodStart(view, at, end) || isTlsStart(view, at, end)
}

function swapped(ports: number): number {
  return ((ports << 16) | (ports >>> 16)) >>> 0
}

