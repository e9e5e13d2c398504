import { ipv4Text, macAt, macParts, sameMac, type MacParts, type Subnet } from './address.ts'
import { MacAddress } from '../contract/names.ts'
import { encodeArp, parseArp } from './arp.ts'
import { internetChecksum, putU16, u16, u8 } from './bytes.ts'
import { parseDhcpRequest } from './dhcp-message.ts'
import { answerDhcp } from './dhcp-server.ts'
import type { DnsZone } from './dns.ts'
import type { DnsResponder } from './dns-responder.ts'
import { dnsService } from './dns-stream.ts'
import { ipv6Text, type Ipv6Prefix } from './ipv6.ts'
import { Ipv6Gateway, type Ipv6TcpPeer } from './ipv6-gateway.ts'
import { ETHERTYPE, ethernet, ipv4, parseIpv4Packet, parseUdp, PROTOCOL, udp, type Ipv4Packet } from './packet.ts'
import type { Port } from './port.ts'
import { statusService } from './status-page.ts'
import type { TcpDialer } from './tcp-dialer.ts'
import { TcpResponder, type TcpPeer } from './tcp-responder.ts'
import { encodeTcp, encodeTcp6, parseTcp, type TcpSegment } from './tcp-segment.ts'

/** The gateway's own address on every stage: locally administered, never a guest's. */
export const GATEWAY_MAC = MacAddress.parse('02:d1:97:7c:00:01')
export const GATEWAY_MAC_PARTS: MacParts = macParts(GATEWAY_MAC)

/** What a frame to the gateway came to: its replies, or why there are none. */
export interface GatewayOutcome {
  readonly replies: readonly Uint8Array[]
  readonly refused: boolean
  /** The guest took or gave back its address. */
  readonly bound: boolean | null
}

interface GuestPeer extends TcpPeer {
  readonly owner: Port
  readonly address: string
  /** A segment to it as a frame. */
  frame(segment: Uint8Array): Uint8Array
}

const SILENCE: GatewayOutcome = { replies: [], refused: false, bound: null }
const REFUSED: GatewayOutcome = { replies: [], refused: true, bound: null }

/**
 * The first host of the subnet, answered by the switch itself: ARP, ping, DHCP, DNS and a status page. Pure: takes one frame of
 * one port, returns the frames to send back on that port and no other; what others must answer first goes through `send`.
 */
export class Gateway {
  readonly #subnet: Subnet
  readonly #zone: DnsZone
  readonly #dns: DnsResponder
  readonly #send: (port: Port, frame: Uint8Array) => void
  readonly #ports: () => Iterable<Port>
  readonly #ipv6: Ipv6Gateway
  readonly #web: TcpResponder<GuestPeer>
  readonly #dnsOverTcp: TcpResponder<GuestPeer>
  readonly #now: () => number
  readonly #dialer: TcpDialer

  constructor(options: {
    dialer: TcpDialer
    subnet: Subnet
    prefix: Ipv6Prefix
    zone: DnsZone
    dns: DnsResponder
    send: (port: Port, frame: Uint8Array) => void
    now: () => number
    random: () => number
    ports: () => Iterable<Port>
  }) {
    this.#subnet = options.subnet
    this.#zone = options.zone
    this.#dns = options.dns
    this.#send = options.send
    this.#ports = options.ports
    this.#ipv6 = new Ipv6Gateway({ prefix: options.prefix, mac: GATEWAY_MAC_PARTS, domain: options.zone.domain, dns: options.dns, send: options.send, tcp: (segment, peer) => this.#tcp6(segment, peer), nowMs: options.now() })
    this.#now = options.now
    this.#dialer = options.dialer
    const source = { domain: options.zone.domain, ports: options.ports, ipv6Of: (port: Port) => options.zone.ipv6Of(port.settings.guest) }
    const connections = {
      random: options.random,
      now: options.now,
      send: (peer: GuestPeer, segments: Uint8Array[]) => {
        for (const segment of segments) options.send(peer.owner, peer.frame(segment))
      },
    }
    this.#web = new TcpResponder({ ...connections, service: statusService<GuestPeer>(({ owner, address }) => ({ guest: owner.settings.guest, address }), source) })
    this.#dnsOverTcp = new TcpResponder({ ...connections, service: dnsService<GuestPeer>(options.dns, options.now) })
  }

  get address(): number {
    return this.#subnet.gateway
  }

  /** `frame` is an Ethernet frame without length header, sent to the gateway's MAC or to a group address. */
  receive(frame: Uint8Array, port: Port): GatewayOutcome {
    const etherType = u16(frame, 12)
    const payload = frame.subarray(14)
    if (etherType === ETHERTYPE.arp) return this.#arp(payload)
    if (etherType === ETHERTYPE.ipv6) {
      const replies = this.#ipv6.receive(frame, port)
      return replies === 'refused' ? REFUSED : { replies, refused: false, bound: null }
    }
    if (etherType !== ETHERTYPE.ipv4) return SILENCE
    const packet = parseIpv4Packet(payload)
    if (packet === null) return sameMac(macAt(frame, 0), GATEWAY_MAC_PARTS) ? REFUSED : SILENCE
    const forUs = packet.destination === this.#subnet.gateway
    const broadcast = packet.destination === 0xffff_ffff || packet.destination === this.#subnet.broadcast
    if (!forUs && !broadcast) return sameMac(macAt(frame, 0), GATEWAY_MAC_PARTS) ? REFUSED : SILENCE
    if (packet.fragment) return forUs ? REFUSED : SILENCE
    if (packet.protocol === PROTOCOL.icmp && forUs) return this.#ping(packet, macAt(frame, 6))
    if (packet.protocol === PROTOCOL.tcp && forUs) return this.#tcp(packet, macAt(frame, 6), port)
    if (packet.protocol === PROTOCOL.udp) return this.#udp(packet, macAt(frame, 6), port, forUs)
    return SILENCE
  }

  /** What the gateway has to say without being asked: lost parts of its answers, and IPv6 advertisements. Call it a few times a second. */
  tick(): { port: Port; frame: Uint8Array }[] {
    const lost = [this.#web, this.#dnsOverTcp].flatMap((each) => each.tick()).flatMap(({ peer, segments }) => segments.map((segment) => ({ port: peer.owner, frame: peer.frame(segment) })))
    return [...lost, ...this.#ipv6.tick(this.#now(), this.#ports())]
  }

  /** A frame of a connection the host has made: answered at any rate. `frame` is addressed to the gateway. */
  isDialled(frame: Uint8Array, port: Port): boolean {
    if (this.#dialer.connections === 0 || frame.length < 54 || u16(frame, 12) !== ETHERTYPE.ipv4 || u8(frame, 14) !== 0x45 || u8(frame, 23) !== PROTOCOL.tcp) return false
    return this.#dialer.owns(port, u16(frame, 36), u16(frame, 34))
  }

  /** A TCP segment as a frame to a port's guest. */
  frameFor(port: Port, segment: Uint8Array): Uint8Array {
    return this.#toGuest(port.macParts, port.ipv4, PROTOCOL.tcp, segment)
  }

  #tcp(packet: Ipv4Packet, mac: MacParts, port: Port): GatewayOutcome {
    const segment = parseTcp(packet.payload)
    if (segment === null) return REFUSED
    if (packet.source === port.ipv4 && this.#dialer.receive(port, segment)) return SILENCE
    const { source } = packet
    const peer: GuestPeer = {
      owner: port,
      key: `${source}`,
      address: ipv4Text(source),
      encode: (written) => encodeTcp(this.#subnet.gateway, source, written),
      frame: (bytes) => this.#toGuest(mac, source, PROTOCOL.tcp, bytes),
    }
    return { replies: this.#serve(segment, peer), refused: false, bound: null }
  }

  #tcp6(segment: TcpSegment, { port, source, local, frame }: Ipv6TcpPeer): Uint8Array[] {
    const address = ipv6Text(source)
    const peer: GuestPeer = { owner: port, key: address, address, encode: (written) => encodeTcp6(local, source, written), frame }
    return this.#serve(segment, peer)
  }

  /** A port that nothing is served on is refused. */
  #serve(segment: TcpSegment, peer: GuestPeer): Uint8Array[] {
    const responder = segment.destinationPort === 53 ? this.#dnsOverTcp : this.#web
    return responder.receive(segment, peer).map(peer.frame)
  }

  #arp(payload: Uint8Array): GatewayOutcome {
    const request = parseArp(payload)
    if (request === null) return REFUSED
    if (request.operation !== 'request' || request.targetIp !== this.#subnet.gateway) return SILENCE
    const reply = encodeArp({ operation: 'reply', senderMac: GATEWAY_MAC_PARTS, senderIp: this.#subnet.gateway, targetMac: request.senderMac, targetIp: request.senderIp })
    return say(ethernet(request.senderMac, GATEWAY_MAC_PARTS, ETHERTYPE.arp, reply))
  }

  /** Echo reply (RFC 792): the same bytes with type 0. */
  #ping(packet: Ipv4Packet, source: MacParts): GatewayOutcome {
    const message = packet.payload
    if (message.length < 8 || u8(message, 0) !== 8 || u8(message, 1) !== 0 || internetChecksum(message, 0, message.length) !== 0) return REFUSED
    const reply = message.slice()
    reply[0] = 0
    putU16(reply, 2, 0)
    putU16(reply, 2, internetChecksum(reply, 0, reply.length))
    return say(this.#toGuest(source, packet.source, PROTOCOL.icmp, reply))
  }

  #udp(packet: Ipv4Packet, source: MacParts, port: Port, forUs: boolean): GatewayOutcome {
    const datagram = parseUdp(packet.payload)
    if (datagram === null) return forUs ? REFUSED : SILENCE
    if (datagram.destinationPort === 67 && datagram.sourcePort === 68) return this.#dhcp(datagram.payload, port)
    if (datagram.destinationPort === 53 && forUs) return this.#resolve(datagram.payload, packet, datagram.sourcePort, source, port)
    return SILENCE
  }

  #dhcp(payload: Uint8Array, port: Port): GatewayOutcome {
    const request = parseDhcpRequest(payload)
    if (request === null) return REFUSED
    const client = { mac: port.macParts, ipv4: port.ipv4, hostName: port.settings.guest, mtu: port.settings.mtu, bootUrl: port.settings.bootUrl }
    const verdict = answerDhcp(request, client, { subnet: this.#subnet, domain: this.#zone.domain })
    if ('ignored' in verdict) {
      if (verdict.ignored === 'released') return { replies: [], refused: false, bound: false }
      return verdict.ignored === 'for-another-server' ? SILENCE : REFUSED
    }
    const { message, destinationIp, destinationMac, bound } = verdict.answer
    const datagram = udp(this.#subnet.gateway, destinationIp, 67, 68, message)
    return { replies: [ethernet(destinationMac, GATEWAY_MAC_PARTS, ETHERTYPE.ipv4, ipv4(this.#subnet.gateway, destinationIp, PROTOCOL.udp, datagram))], refused: false, bound }
  }

  #resolve(payload: Uint8Array, packet: Ipv4Packet, sourcePort: number, source: MacParts, port: Port): GatewayOutcome {
    const asker = packet.source
    const frame = (reply: Uint8Array) => this.#toGuest(source, asker, PROTOCOL.udp, udp(this.#subnet.gateway, asker, 53, sourcePort, reply))
    const answer = this.#dns.answer(payload, port, 'udp', (reply) => this.#send(port, frame(reply)))
    if (answer === 'later') return SILENCE
    return answer === null ? REFUSED : say(frame(answer))
  }

  #toGuest(mac: MacParts, address: number, protocol: number, payload: Uint8Array): Uint8Array {
    return ethernet(mac, GATEWAY_MAC_PARTS, ETHERTYPE.ipv4, ipv4(this.#subnet.gateway, address, protocol, payload))
  }
}

function say(frame: Uint8Array): GatewayOutcome {
  return { replies: [frame], refused: false, bound: null }
}
