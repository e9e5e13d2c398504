import { BROADCAST, macAt, sameMac, type MacParts } from './address.ts'
import { internetChecksum, putU16, u8 } from './bytes.ts'
import { ALL_NODES, eui64, icmpv6, ipv6, ipv6Address, LINK_LOCAL, parseIpv6Packet, pseudoHeaderSum6, sameBytes, type Ipv6Packet, type Ipv6Prefix } from './ipv6.ts'
import { ADVERTISE_EVERY_MS, ICMPV6, NDP, neighborAdvertisement, routerAdvertisement } from './neighbor-discovery.ts'
import { ETHERTYPE, ethernet, parseUdp, PROTOCOL, udpHeader } from './packet.ts'
import type { Port } from './port.ts'

const ALL_NODES_MAC: MacParts = { high: 0x3333, low: 1 }
const UNSPECIFIED = new Uint8Array(16)
const NDP_HOP_LIMIT = 255

/**
 * The gateway's IPv6 side: advertises the network's prefix, resolver and search list, answers for its own two
 * addresses, ping, and DNS. Pure, like the gateway.
 */
export class Ipv6Gateway {
  readonly address: Uint8Array
  readonly #linkLocal: Uint8Array
  readonly #mac: MacParts
  readonly #prefix: Ipv6Prefix
  readonly #domain: string
  readonly #dns: (question: Uint8Array) => Uint8Array | null
  #advertiseAtMs: number

  constructor(options: { prefix: Ipv6Prefix; mac: MacParts; domain: string; dns: (question: Uint8Array) => Uint8Array | null; nowMs: number }) {
    this.#prefix = options.prefix
    this.#mac = options.mac
    this.#domain = options.domain
    this.#dns = options.dns
    this.address = ipv6Address(options.prefix, { high: 0, low: 1 })
    this.#linkLocal = ipv6Address(LINK_LOCAL, eui64(options.mac))
    this.#advertiseAtMs = options.nowMs + ADVERTISE_EVERY_MS
  }

  /** The frame to answer with; null for none; `refused` when it was sent to the gateway alone and makes no sense. */
  receive(frame: Uint8Array, port: Port): Uint8Array | null | 'refused' {
    const packet = parseIpv6Packet(frame.subarray(14))
    const forUsAlone = (u8(frame, 0) & 1) === 0
    if (packet === null) return forUsAlone ? 'refused' : null
    const guest = macAt(frame, 6)
    if (sameMac(guest, BROADCAST)) return 'refused'
    if (packet.nextHeader === PROTOCOL.icmpv6) return this.#icmp(packet, guest, port)
    if (packet.nextHeader === PROTOCOL.udp && this.#isOurs(packet.destination)) return this.#udp(packet, guest)
    return null
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

  #udp(packet: Ipv6Packet, guest: MacParts): Uint8Array | null | 'refused' {
    const datagram = parseUdp(packet.payload)
    if (datagram === null) return 'refused'
    if (datagram.destinationPort !== 53) return null
    const answer = this.#dns(datagram.payload)
    if (answer === null) return 'refused'
    const reply = udpHeader(53, datagram.sourcePort, answer)
    const checksum = internetChecksum(reply, 0, reply.length, pseudoHeaderSum6(packet.destination, packet.source, PROTOCOL.udp, reply.length))
    putU16(reply, 6, checksum === 0 ? 0xffff : checksum)
    return this.#frame(guest, ipv6(packet.destination, packet.source, PROTOCOL.udp, reply, 64))
  }

  #advertisement(port: Port, to: Uint8Array, mac: MacParts): Uint8Array {
    const body = routerAdvertisement({ prefix: this.#prefix, resolver: this.address, domain: this.#domain, gatewayMac: this.#mac }, port.settings.mtu)
    return this.#frame(mac, icmpv6(this.#linkLocal, to, NDP.routerAdvertisement, body, NDP_HOP_LIMIT))
  }

  #frame(mac: MacParts, packet: Uint8Array): Uint8Array {
    return ethernet(mac, this.#mac, ETHERTYPE.ipv6, packet)
  }
}
