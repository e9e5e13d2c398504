import { putMac, type MacParts } from './address.ts'
import { concat, internetChecksum, putU16, putU32, u16, u32, u8 } from './bytes.ts'

/** EtherTypes and IP protocol numbers the gateway speaks (IEEE 802 numbers, IANA protocol numbers). */
export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, providerVlan: 0x88a8, ipv6: 0x86dd } as const
export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const

export function ethernet(destination: MacParts, source: MacParts, etherType: number, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(14)
  putMac(header, 0, destination)
  putMac(header, 6, source)
  putU16(header, 12, etherType)
  return concat(header, payload)
}

/** An IPv4 packet without options, not fragmented (RFC 791 §3.1). */
export function ipv4(source: number, destination: number, protocol: number, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(20)
  header[0] = 0x45
  putU16(header, 2, 20 + payload.length)
  putU16(header, 6, 0x4000)
  header[8] = 64
  header[9] = protocol
  putU32(header, 12, source)
  putU32(header, 16, destination)
  putU16(header, 10, internetChecksum(header, 0, 20))
  return concat(header, payload)
}

/** The sum over the IPv4 pseudo-header (RFC 768, RFC 9293 §3.1), to start a transport checksum from. */
export function pseudoHeaderSum(source: number, destination: number, protocol: number, length: number): number {
  return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol + length
}

/** A UDP datagram without its checksum. */
export function udpHeader(sourcePort: number, destinationPort: number, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(8)
  putU16(header, 0, sourcePort)
  putU16(header, 2, destinationPort)
  putU16(header, 4, 8 + payload.length)
  return concat(header, payload)
}

export function udp(source: number, destination: number, sourcePort: number, destinationPort: number, payload: Uint8Array): Uint8Array {
  const datagram = udpHeader(sourcePort, destinationPort, payload)
  const checksum = internetChecksum(datagram, 0, datagram.length, pseudoHeaderSum(source, destination, PROTOCOL.udp, datagram.length))
  putU16(datagram, 6, checksum === 0 ? 0xffff : checksum)
  return datagram
}

export interface Ipv4Packet {
  readonly source: number
  readonly destination: number
  readonly protocol: number
  /** More fragments follow, or this is not the first: nothing the gateway reassembles. */
  readonly fragment: boolean
  readonly payload: Uint8Array
}

/** Reads an IPv4 packet; null when it is malformed or its header checksum is wrong. Trailing padding is cut off. */
export function parseIpv4Packet(bytes: Uint8Array): Ipv4Packet | null {
  if (bytes.length < 20 || u8(bytes, 0) >> 4 !== 4) return null
  const headerLength = (u8(bytes, 0) & 15) * 4
  const total = u16(bytes, 2)
  if (headerLength < 20 || total < headerLength || total > bytes.length) return null
  if (internetChecksum(bytes, 0, headerLength) !== 0) return null
  return { source: u32(bytes, 12), destination: u32(bytes, 16), protocol: u8(bytes, 9), fragment: (u16(bytes, 6) & 0x3fff) !== 0, payload: bytes.subarray(headerLength, total) }
}

export interface UdpDatagram {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly payload: Uint8Array
}

/** Reads a UDP datagram (RFC 768). The checksum is not verified: virtio guests leave it to the hardware that is not there. */
export function parseUdp(bytes: Uint8Array): UdpDatagram | null {
  if (bytes.length < 8) return null
  const length = u16(bytes, 4)
  if (length < 8 || length > bytes.length) return null
  return { sourcePort: u16(bytes, 0), destinationPort: u16(bytes, 2), payload: bytes.subarray(8, length) }
}
