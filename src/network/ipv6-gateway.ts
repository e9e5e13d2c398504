import { BROADCAST, macAt, sameMac, type MacParts } from './address.ts'
import { internetChecksum, putU16, u8 } from './bytes.ts'
import { ALL_NODES, eui64, icmpv6, ipv6, ipv6Address, LINK_LOCAL, parseIpv6Packet, pseudoHeaderSum6, sameBytes, type Ipv6Packet, type Ipv6Prefix } from './ipv6.ts'
import { ADVERTISE_EVERY_MS, ICMPV6, NDP, neighborAdvertisement, routerAdvertisement } from './neighbor-discovery.ts'
import { ETHERTYPE, ethernet, parseUdp, PROTOCOL, udpHeader } from './packet.ts'
import type { DnsResponder } from './dns-responder.ts'
import type { Port } from './port.ts'
import { parseTcp, type TcpSegment } from './tcp-segment.ts'

const ALL_NODES_MAC: MacParts = { high: 0x3333, low: 1 }
const UNSPECIFIED = new Uint8Array(16)
const NDP_HOP_LIMIT = 255

/** Who speaks TCP over IPv6, to which of the gateway's addresses, and a segment to it as a frame. */
export interface Ipv6TcpPeer {
  readonly port: Port
  readonly source: Uint8Array
  readonly local: Uint8Array
  frame(segment: Uint8Array): Uint8Array
}

interface Ipv6GatewayOptions {
  readonly prefix: Ipv6Prefix
  readonly mac: MacParts
  readonly domain: string
  readonly dns: DnsResponder
  send(port: Port, frame: Uint8Array): void
  /** Takes a segment of a connection to the gateway; returns the frames to answer with. */
  tcp(segment: TcpSegment, peer: Ipv6TcpPeer): Uint8Array[]
  readonly nowMs: number
}

/**
 * The gateway's IPv6 side: advertises the network's prefix, resolver and search list, answers for its own two
 * addresses, ping, DNS, and carries its TCP. Pure, like the gateway.
 */
export class Ipv6Gateway {
  readonly address: Uint8Array
  readonly #linkLocal: Uint8Array
  readonly #mac: MacParts
  readonly #prefix: Ipv6Prefix
  readonly #domain: string
  readonly #options: Ipv6GatewayOptions
  #advertiseAtMs: number

  constructor(options: Ipv6GatewayOptions) {
    this.#options = options
    this.#prefix = options.prefix
    this.#mac = options.mac
    this.#domain = options.domain
    this.address = ipv6Address(options.prefix, { high: 0, low: 1 })
    this.#linkLocal = ipv6Address(LINK_LOCAL, eui64(options.mac))
    this.#advertiseAtMs = options.nowMs + ADVERTISE_EVERY_MS
  }

  /** The frames to answer with; `refused` when it was sent to the gateway alone and makes no sense. */
  receive(frame: Uint8Array, port: Port): Uint8Array[] | 'refused' {
    const packet = parseIpv6Packet(frame.subarray(14))
    const forUsAlone = (u8(frame, 0) & 1) === 0
    if (packet === null) return forUsAlone ? 'refused' : []
    const guest = macAt(frame, 6)
    if (sameMac(guest, BROADCAST)) return 'refused'
    if (packet.nextHeader === PROTOCOL.icmpv6) return list(this.#icmp(packet, guest, port))
    if (!this.#isOurs(packet.destination)) return []
    if (packet.nextHeader === PROTOCOL.udp) return list(this.#udp(packet, guest, port))
    return packet.nextHeader === PROTOCOL.tcp ? this.#tcp(packet, guest, port) : []
  }

  /** The advertisement to every guest, when its time has come. */
  tick(nowMs: number, ports: Iterable<Port>): { port: Port; frame: Uint8Array }[] {
    if (nowMs < this.#advertiseAtMs) return []
    this.#advertiseAtMs = nowMs + ADVERTISE_EVERY_MS
    return [...ports].filter((port) => port.wire !== null).map((port) => ({ port, frame: this.#advertisement(port, ALL_NODES, ALL_NODES_MAC) }))
  }

  #isOurs(address: Uint8Array): boolean {
    return sameBytes(address, this.address) || sameBytes(address, this.#linkLocal)
  }

  #icmp(packet: Ipv6Packet, guest: MacParts, port: Port): Uint8Array | null | 'refused' {
    const message = packet.payload
    if (message.length < 8 || internetChecksum(message, 0, message.length, pseudoHeaderSum6(packet.source, packet.destination, PROTOCOL.icmpv6, message.length)) !== 0) return 'refused'
    const type = u8(message, 0)
    if (type === ICMPV6.echoRequest && this.#isOurs(packet.destination)) {
      return this.#frame(guest, icmpv6(packet.destination, packet.source, ICMPV6.echoReply, message.subarray(4), 64))
    }
    if (packet.hopLimit !== NDP_HOP_LIMIT || u8(message, 1) !== 0) return null
    const anonymous = sameBytes(packet.source, UNSPECIFIED)
    if (type === NDP.routerSolicitation) return anonymous ? this.#advertisement(port, ALL_NODES, ALL_NODES_MAC) : this.#advertisement(port, packet.source, guest)
    if (type !== NDP.neighborSolicitation || message.length < 24) return null
    const target = message.slice(8, 24)
    if (!this.#isOurs(target)) return null
    const body = neighborAdvertisement(target, this.#mac, !anonymous)
    return anonymous ? this.#frame(ALL_NODES_MAC, icmpv6(target, ALL_NODES, NDP.neighborAdvertisement, body, NDP_HOP_LIMIT)) : this.#frame(guest, icmpv6(target, packet.source, NDP.neighborAdvertisement, body, NDP_HOP_LIMIT))
  }

  #tcp(packet: Ipv6Packet, guest: MacParts, port: Port): Uint8Array[] | 'refused' {
    const { payload } = packet
    const segment = parseTcp(payload)
    if (segment === null || internetChecksum(payload, 0, payload.length, pseudoHeaderSum6(packet.source, packet.destination, PROTOCOL.tcp, payload.length)) !== 0) return 'refused'
    const [source, local] = [packet.source.slice(), packet.destination.slice()] // the frame lies in a buffer that is read into again
    return this.#options.tcp(segment, { port, source, local, frame: (bytes) => this.#frame(guest, ipv6(local, source, PROTOCOL.tcp, bytes, 64)) })
  }

  #udp(packet: Ipv6Packet, guest: MacParts, port: Port): Uint8Array | null | 'refused' {
    const datagram = parseUdp(packet.payload)
    if (datagram === null) return 'refused'
    if (datagram.destinationPort !== 53) return null
    const [source, local] = [packet.source.slice(), packet.destination.slice()]
    const frame = (answer: Uint8Array) => {
      const reply = udpHeader(53, datagram.sourcePort, answer)
      const checksum = internetChecksum(reply, 0, reply.length, pseudoHeaderSum6(local, source, PROTOCOL.udp, reply.length))
      putU16(reply, 6, checksum === 0 ? 0xffff : checksum)
      return this.#frame(guest, ipv6(local, source, PROTOCOL.udp, reply, 64))
    }
    const answer = this.#options.dns.answer(datagram.payload, port, 'udp', (reply) => this.#options.send(port, frame(reply)))
    if (answer === 'later') return null
    return answer === null ? 'refused' : frame(answer)
  }

  #advertisement(port: Port, to: Uint8Array, mac: MacParts): Uint8Array {
    const body = routerAdvertisement({ prefix: this.#prefix, resolver: this.address, domain: this.#domain, gatewayMac: this.#mac }, port.settings.mtu)
    return this.#frame(mac, icmpv6(this.#linkLocal, to, NDP.routerAdvertisement, body, NDP_HOP_LIMIT))
  }

  #frame(mac: MacParts, packet: Uint8Array): Uint8Array {
    return ethernet(mac, this.#mac, ETHERTYPE.ipv6, packet)
  }
}

function list(reply: Uint8Array | null | 'refused'): Uint8Array[] | 'refused' {
  if (reply === 'refused') return reply
  return reply === null ? [] : [reply]
}
