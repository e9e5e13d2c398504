import { ipv4Text, parseIpv4 } from './address.ts'
import { ipv6Text, parseReverseIpv6, sameBytes } from './ipv6.ts'

/** One question as far as this server cares; names in any case, without the final dot. */
export interface DnsQuestion {
  readonly name: string
  readonly type: string
  readonly class: string
}

export type DnsRecord =
  | { readonly type: 'A'; readonly name: string; readonly ttl: number; readonly data: string }
  | { readonly type: 'AAAA'; readonly name: string; readonly ttl: number; readonly data: string }
  | { readonly type: 'PTR'; readonly name: string; readonly ttl: number; readonly data: string }

export interface DnsAnswer {
  readonly code: 'NOERROR' | 'NXDOMAIN' | 'REFUSED'
  readonly records: readonly DnsRecord[]
}

/** What the bytes of a query were (the codec is an adapter: it needs Node's Buffer). */
export interface DnsQuery {
  readonly id: number
  readonly question: DnsQuestion | null
  readonly recursionDesired: boolean
  readonly isStandardQuery: boolean
  readonly hasEdns: boolean
}

export interface DnsCodec {
  /** null when the bytes are no query at all. */
  decode(bytes: Uint8Array): DnsQuery | null
  /** An answer, with the zone's SOA in the authority section when there are no records (RFC 2308 §3). */
  encode(query: DnsQuery, answer: DnsAnswer, zone: string): Uint8Array
  /** A reply without an answer: FORMERR to a question that is none, NOTIMP to another opcode, SERVFAIL when nobody knows, TRUNCATED to be asked again over TCP. */
  encodeError(query: DnsQuery, code: 'FORMERR' | 'NOTIMP' | 'SERVFAIL' | 'TRUNCATED'): Uint8Array
}

/** Guests come and go: nobody should remember an answer for long. */
export const TTL_SECONDS = 10

/** Who lives on a network: the addresses behind names, without the domain. */
export interface DnsZone {
  readonly domain: string
  /** The domain all private networks' names end in. */
  readonly apex: string
  readonly gateway: number
  readonly gatewayIpv6: Uint8Array
  addressOf(guest: string): number | null
  guestAt(address: number): string | null
  /** The IPv6 address a guest was heard to use; null for none: then it has no AAAA record. */
  ipv6Of(guest: string): Uint8Array | null
  guestAtIpv6(address: Uint8Array): string | null
}

/** Answers one question from the first zone that knows the name; NXDOMAIN when none does. */
export function answerDns(question: DnsQuestion, zones: readonly DnsZone[]): DnsAnswer {
  for (const zone of zones) {
    const answer = answerFrom(question, zone)
    if (answer.code !== 'NXDOMAIN') return answer
  }
  return { code: 'NXDOMAIN', records: [] }
}

/**
 * Whether a name is the private networks' own business, never to be asked of the world: below their domain or
 * `.internal`, without a dot, or the reverse of a private address (RFC 1918, RFC 3927, RFC 4193, loopback).
 */
export function isPrivateName(name: string, apex: string): boolean {
  const lower = name.toLowerCase().replace(/\.$/, '')
  if (!lower.includes('.') || lower === apex || lower.endsWith(`.${apex}`) || lower.endsWith('.internal') || lower.endsWith('.localhost')) return true
  return /(^|\.)(10|127|254\.169|168\.192|(1[6-9]|2\d|3[01])\.172)\.in-addr\.arpa$/.test(lower) || /\.([89ab]\.e\.f|[cd]\.f)\.ip6\.arpa$/.test(lower)
}

/**
 * Guests by full or short name, the domain itself and `gateway`, reverse names. A name that exists but not in that type
 * is NOERROR without records (RFC 2308 §2.2); nothing else exists.
 */
function answerFrom(question: DnsQuestion, zone: DnsZone): DnsAnswer {
  if (question.class !== 'IN' && question.class !== 'ANY') return { code: 'REFUSED', records: [] }
  const name = question.name.toLowerCase().replace(/\.$/, '')
  const reverse = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name)
  if (reverse !== null) {
    const address = parseIpv4(reverse.slice(1).toReversed().join('.'))
    const owner = address === null ? null : ownerOf(address, zone)
    if (owner === null) return { code: 'NXDOMAIN', records: [] }
    return { code: 'NOERROR', records: asks('PTR') ? [{ type: 'PTR', name: question.name, ttl: TTL_SECONDS, data: owner }] : [] }
  }
  const reverse6 = parseReverseIpv6(name)
  if (reverse6 !== null) {
    const guest = zone.guestAtIpv6(reverse6)
    const owner = sameBytes(reverse6, zone.gatewayIpv6) ? zone.domain : guest === null ? null : `${guest}.${zone.domain}`
    if (owner === null) return { code: 'NXDOMAIN', records: [] }
    return { code: 'NOERROR', records: asks('PTR') ? [{ type: 'PTR', name: question.name, ttl: TTL_SECONDS, data: owner }] : [] }
  }
  const address = addressOf(name, zone)
  if (address === null) return { code: 'NXDOMAIN', records: [] }
  const records: DnsRecord[] = asks('A') ? [{ type: 'A', name: question.name, ttl: TTL_SECONDS, data: ipv4Text(address) }] : []
  const ipv6 = address === zone.gateway ? zone.gatewayIpv6 : zone.ipv6Of(labelOf(name, zone))
  if (ipv6 !== null && asks('AAAA')) records.push({ type: 'AAAA', name: question.name, ttl: TTL_SECONDS, data: ipv6Text(ipv6) })
  return { code: 'NOERROR', records }

  function asks(type: string): boolean {
    return question.type === type || question.type === 'ANY'
  }
}

function addressOf(name: string, zone: DnsZone): number | null {
  if (name === zone.domain) return zone.gateway
  const label = labelOf(name, zone)
  if (label === '' || label.includes('.')) return null
  return zone.addressOf(label) ?? (label === 'gateway' ? zone.gateway : null)
}

function labelOf(name: string, zone: DnsZone): string {
  const suffix = `.${zone.domain}`
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : name
}

function ownerOf(address: number, zone: DnsZone): string | null {
  if (address === zone.gateway) return zone.domain
  const guest = zone.guestAt(address)
  return guest === null ? null : `${guest}.${zone.domain}`
}
