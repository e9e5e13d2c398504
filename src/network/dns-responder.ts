import { answerDns, isPrivateName, type DnsCodec, type DnsZone } from './dns.ts'
import type { Port } from './port.ts'

/** How a question came: whatever does not fit a datagram is asked again over TCP (RFC 7766 §5). */
export type DnsTransport = 'udp' | 'tcp'

/**
 * Asks the resolvers of this computer in the same way. `answered` is called once; with null when none of them answered. What
 * was asked over TCP is answered whole.
 */
export interface DnsUpstream {
  ask(question: Uint8Array, transport: DnsTransport, answered: (reply: Uint8Array | null) => void): void
}

/** Longest DNS question looked at; what fits a datagram anywhere (RFC 6891 §6.2.5). */
export const MAX_QUESTION_BYTES = 1_232
/** The headers of a datagram before its message: IPv6 and UDP, the longer of the two kinds. */
const DATAGRAM_HEADER_BYTES = 48
/** Questions of one guest that may be under way upstream. */
const MAX_WAITING = 32

/**
 * The resolver of one network. Names of the private networks the asking guest is on are answered here; other names do
 * not exist, unless the guest has an uplink: then the resolvers of this computer are asked. No network's names are ever
 * told to a guest that is not on it, and none is ever asked of the world.
 */
export class DnsResponder {
  readonly #zonesOf: (port: Port) => readonly DnsZone[]
  readonly #codec: DnsCodec
  readonly #upstream: DnsUpstream | null
  readonly #waiting = new WeakMap<Port, number>()

  /** `zonesOf`: the network's own zone first, then those of the guest's other networks. */
  constructor(options: { zonesOf: (port: Port) => readonly DnsZone[]; codec: DnsCodec; upstream: DnsUpstream | null }) {
    this.#zonesOf = options.zonesOf
    this.#codec = options.codec
    this.#upstream = options.upstream
  }

  /** The reply; null to bytes that are no question; `later`: `respond` gets it when the world has answered. */
  answer(payload: Uint8Array, port: Port, transport: DnsTransport, respond: (reply: Uint8Array) => void): Uint8Array | null | 'later' {
    const query = payload.length > MAX_QUESTION_BYTES ? null : this.#codec.decode(payload)
    if (query === null) return null
    if (!query.isStandardQuery) return this.#codec.encodeError(query, 'NOTIMP')
    if (query.question === null) return this.#codec.encodeError(query, 'FORMERR')
    const zones = this.#zonesOf(port)
    const [own] = zones
    if (own === undefined) return this.#codec.encodeError(query, 'SERVFAIL')
    const upstream = this.#upstream
    if (upstream === null || !port.settings.uplink || isPrivateName(query.question.name, own.apex)) return this.#codec.encode(query, answerDns(query.question, zones), own.domain)
    const waiting = this.#waiting.get(port) ?? 0
    if (waiting >= MAX_WAITING) return this.#codec.encodeError(query, 'SERVFAIL')
    this.#waiting.set(port, waiting + 1)
    // A copy: the frame lies in a buffer that is read into again.
    upstream.ask(payload.slice(), transport, (reply) => {
      this.#waiting.set(port, (this.#waiting.get(port) ?? 1) - 1)
      const fits = transport === 'tcp' || (reply?.length ?? 0) <= port.settings.mtu - DATAGRAM_HEADER_BYTES
      respond(reply === null ? this.#codec.encodeError(query, 'SERVFAIL') : fits ? reply : this.#codec.encodeError(query, 'TRUNCATED'))
    })
    return 'later'
  }
}
