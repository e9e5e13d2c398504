import { decode, encode, type Question } from 'dns-packet'
import { macAt } from '../../src/network/address.ts'
import { concat, u16 } from '../../src/network/bytes.ts'
import { framed } from '../../src/network/dns-stream.ts'
import { ETHERTYPE, ethernet, ipv4, parseIpv4Packet, PROTOCOL } from '../../src/network/packet.ts'
import { encodeTcp, parseTcp, TCP_FLAG } from '../../src/network/tcp-segment.ts'
import type { Dice } from './dice.ts'
import type { Guest } from './guest.ts'

const DNS_PORT = 53
const MOST_QUESTIONS = 40

interface Asker {
  readonly port: number
  /** The guest's first sequence number, what it will say, and how far it has said it. */
  readonly first: number
  readonly stream: Uint8Array
  said: number
  /** Where each question ends; null for a stream that is no DNS. */
  readonly ends: readonly number[] | null
  /** From the gateway's SYN. */
  gateway: { readonly mac: Uint8Array; readonly first: number } | null
  heard: Uint8Array
  /** The answers that were read of it, and where the next begins. */
  answers: number
  answersEnd: number
}

/**
 * Guests that ask the gateway's resolver over TCP: one connection each, many questions on it, in segments that are cut
 * anywhere, repeated, out of turn, and at times no DNS at all. The model: each question is answered once, in turn, none
 * before it was whole, and what is repeated is the same.
 */
export class DnsAskers {
  /** What went against the model first. */
  wrong: string | null = null
  /** The most questions of one connection that were all answered: a run without many has tried nothing. */
  longest = 0
  readonly #dice: Dice
  readonly #gateway: number
  readonly #askers = new Map<Guest, Asker>()

  constructor(dice: Dice, gateway: number) {
    this.#dice = dice
    this.#gateway = gateway
  }

  /** A segment of the guest's connection, as a frame to `mac`. */
  segment(guest: Guest, mac: { high: number; low: number }): Uint8Array {
    const dice = this.#dice
    const asker = this.#askers.get(guest) ?? this.#begin(guest)
    const { gateway, stream } = asker
    const isReset = dice.chance(1)
    const isSyn = gateway === null || dice.chance(1)
    const from = Math.max(0, Math.min(asker.said, asker.said + dice.pick([0, 0, 0, -dice.below(300)])))
    const payload = isSyn || isReset ? new Uint8Array() : stream.subarray(from, from + dice.pick([1, 2, 3, dice.below(200), dice.below(1_400)]))
    const isLast = !isSyn && from + payload.length === stream.length
    asker.said = Math.max(asker.said, isSyn ? 0 : from + payload.length)
    const acknowledged = (gateway?.first ?? 0) + 1 + dice.pick([asker.heard.length, asker.heard.length, dice.below(asker.heard.length + 1), asker.heard.length + 1])
    if (isReset) this.#askers.delete(guest)
    const encoded = encodeTcp(guest.address, this.#gateway, {
      sourcePort: asker.port,
      destinationPort: DNS_PORT,
      sequence: (isSyn ? asker.first : asker.first + 1 + from) >>> 0,
      acknowledgment: (dice.chance(3) ? dice.below(0x7fff_ffff) : acknowledged) >>> 0,
      flags: isReset ? TCP_FLAG.rst : isSyn ? TCP_FLAG.syn : TCP_FLAG.ack | (isLast && dice.chance(50) ? TCP_FLAG.fin : 0),
      window: dice.pick([0, 1, 500, 65_535, 65_535]),
      maxSegment: isSyn ? dice.pick([null, 1_460, 1, 65_535]) : null,
      windowScale: null,
      payload,
    })
    return ethernet(gateway === null ? mac : macAt(gateway.mac, 0), guest.mac, ETHERTYPE.ipv4, ipv4(guest.address, this.#gateway, PROTOCOL.tcp, encoded))
  }

  /** A frame of the gateway reached the guest. */
  heard(guest: Guest, frame: Uint8Array): void {
    const packet = frame[12] === 8 && frame[13] === 0 ? parseIpv4Packet(frame.subarray(14)) : null
    const segment = packet === null || packet.protocol !== PROTOCOL.tcp ? null : parseTcp(packet.payload)
    const asker = this.#askers.get(guest)
    if (segment === null || asker === undefined || segment.sourcePort !== DNS_PORT || segment.destinationPort !== asker.port) return
    if ((segment.flags & (TCP_FLAG.rst | TCP_FLAG.fin)) !== 0) this.#askers.delete(guest)
    if ((segment.flags & TCP_FLAG.rst) !== 0) return
    if ((segment.flags & TCP_FLAG.syn) !== 0) {
      if (asker.gateway === null) asker.gateway = { mac: frame.slice(6, 12), first: segment.sequence }
      else if (asker.gateway.first !== segment.sequence) this.#askers.delete(guest) // begun anew by a second SYN
      return
    }
    if (asker.gateway === null) return
    const at = (segment.sequence - asker.gateway.first - 1) | 0
    const known = asker.heard.subarray(Math.max(0, at), Math.max(0, at) + segment.payload.length)
    if (at < 0 || known.some((byte, index) => byte !== segment.payload[index])) this.#fail('the gateway repeated other bytes than it had sent')
    if (at > asker.heard.length) return
    asker.heard = concat(asker.heard, segment.payload.subarray(asker.heard.length - at))
    if (asker.ends !== null) this.#check(asker, asker.ends)
  }

  #check(asker: Asker, ends: readonly number[]): void {
    for (;;) {
      const start = asker.answersEnd + 2
      if (start > asker.heard.length || start + u16(asker.heard, start - 2) > asker.heard.length) return
      asker.answersEnd = start + u16(asker.heard, start - 2)
      if (decode(Buffer.from(asker.heard.subarray(start, asker.answersEnd))).id !== asker.answers) this.#fail('a question was answered out of turn')
      if (asker.said < (ends[asker.answers] ?? Number.POSITIVE_INFINITY)) this.#fail('a question was answered that was not asked')
      asker.answers++
      if (asker.answers === ends.length) this.longest = Math.max(this.longest, ends.length)
    }
  }

  #begin(guest: Guest): Asker {
    const dice = this.#dice
    const questions = Array.from({ length: 1 + dice.below(MOST_QUESTIONS) }, (_, id) => {
      const question: Question = { type: dice.pick(['A', 'AAAA', 'PTR']), name: dice.pick(['g0', 'g1.diptych.internal', 'nobody', `${'x'.repeat(63)}.internal`]) }
      return framed(encode({ type: 'query', id, flags: 0x100, questions: [question] }))
    })
    const isDns = dice.chance(80)
    const sound = concat(...questions)
    const stream = isDns ? sound : sound.map((byte) => (dice.chance(3) ? dice.below(256) : byte))
    let end = 0
    const asker: Asker = { port: 20_000 + dice.below(20_000), first: dice.below(0x1_0000_0000), stream, said: 0, ends: isDns ? questions.map((each) => (end += each.length)) : null, gateway: null, heard: new Uint8Array(), answers: 0, answersEnd: 0 }
    this.#askers.set(guest, asker)
    return asker
  }

  #fail(what: string): void {
    this.wrong ??= what
  }
}
