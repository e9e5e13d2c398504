import { AUTHORITATIVE_ANSWER, decode, encode, RECURSION_DESIRED, TRUNCATED_RESPONSE, type Answer, type DecodedPacket } from 'dns-packet'
import type { DnsAnswer, DnsCodec, DnsQuery } from '../../network/dns.ts'
import { TTL_SECONDS } from '../../network/dns.ts'

/** Response codes as they stand in the low bits of the flags (RFC 1035 §4.1.1). */
const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const
/** What a reply may hold, told to clients that speak EDNS (RFC 6891 §6.2.3). */
const UDP_PAYLOAD_BYTES = 1_232

/** Records a query may bring along: OPT and a signature (RFC 6891 §6.1.1, RFC 8945 §5.1). */
const MAX_ADDITIONALS = 2

interface Decoded extends DnsQuery {
  readonly questions: DecodedPacket['questions']
}

/** DNS messages by dns-packet, which needs Node's Buffer. Anything it cannot read is no query. */
export class DnsPacketCodec implements DnsCodec {
  decode(bytes: Uint8Array): Decoded | null {
    if (bytes.length < 12) return null
    const flags = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)
    if ((flags & 0x8000) !== 0) return null
    const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const basics = { id: message.readUInt16BE(0), recursionDesired: (flags & 0x0100) !== 0, isStandardQuery: (flags & 0x7800) === 0 }
    // A query has one question and no answers. Records made of pointers to pointers take milliseconds to read: none is looked at.
    const isPlain = message.readUInt16BE(4) === 1 && message.readUInt32BE(6) === 0 && message.readUInt16BE(10) <= MAX_ADDITIONALS
    if (!isPlain) return { ...basics, question: null, hasEdns: false, questions: [] }
    try {
      const packet = decode(message)
      const questions = packet.questions ?? []
      const [first] = questions
      const question = questions.length === 1 && first !== undefined ? { name: first.name, type: first.type, class: first.class ?? 'IN' } : null
      return { ...basics, question, hasEdns: (packet.additionals ?? []).some((each) => each.type === 'OPT'), questions }
    } catch {
      return null // dns-packet throws on every malformed message
    }
  }

  encode(query: DnsQuery, answer: DnsAnswer, zone: string): Uint8Array {
    const authorities: Answer[] = answer.records.length > 0 || answer.code === 'REFUSED' ? [] : [startOfAuthority(zone)]
    return this.#reply(query, RCODE[answer.code] | AUTHORITATIVE_ANSWER, [...answer.records], authorities)
  }

  encodeError(query: DnsQuery, code: 'FORMERR' | 'NOTIMP' | 'SERVFAIL' | 'TRUNCATED'): Uint8Array {
    return this.#reply(query, code === 'TRUNCATED' ? TRUNCATED_RESPONSE : RCODE[code], [], [])
  }

  #reply(query: DnsQuery, flags: number, answers: Answer[], authorities: Answer[]): Uint8Array {
    const questions = 'questions' in query && query.question !== null ? ((query as Decoded).questions ?? []) : [] // only `decode` above makes queries
    const additionals: Answer[] = query.hasEdns ? [{ type: 'OPT', name: '.', udpPayloadSize: UDP_PAYLOAD_BYTES, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }] : []
    return encode({ type: 'response', id: query.id, flags: flags | (query.recursionDesired ? RECURSION_DESIRED : 0), questions, answers, authorities, additionals })
  }
}

function startOfAuthority(zone: string): Answer {
  return { type: 'SOA', name: zone, ttl: TTL_SECONDS, data: { mname: zone, rname: `hostmaster.${zone}`, serial: 1, refresh: 3_600, retry: 600, expire: 86_400, minimum: TTL_SECONDS } }
}
