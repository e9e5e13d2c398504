import type { MacParts } from './address.ts'
import { concat, internetChecksum, putU16, putU32, u16, u32, u8 } from './bytes.ts'
import { PROTOCOL } from './packet.ts'

/** The last 64 bits of an address (RFC 4291 §2.5.1), as two numbers the data path compares. */
export interface InterfaceId {
  readonly high: number
  readonly low: number
}

/** A /64, as its two 32-bit halves. */
export interface Ipv6Prefix {
  readonly high: number
  readonly low: number
}

export const LINK_LOCAL: Ipv6Prefix = { high: 0xfe80_0000, low: 0 }
export const ALL_NODES = ipv6Address({ high: 0xff02_0000, low: 0 }, { high: 0, low: 1 })

/** `fd`, 40 bits of the network's own, subnet 0 (RFC 4193 §3.1). `globalId` is ten hexadecimal digits. */
export function ulaPrefix(globalId: string): Ipv6Prefix {
  return { high: Number.parseInt(`fd${globalId.slice(0, 6)}`, 16), low: Number.parseInt(`${globalId.slice(6)}0000`, 16) }
}

/** Sixteen bytes. */
export function ipv6Address(prefix: Ipv6Prefix, id: InterfaceId): Uint8Array {
  const bytes = new Uint8Array(16)
  for (const [index, word] of [prefix.high, prefix.low, id.high, id.low].entries()) putU32(bytes, index * 4, word)
  return bytes
}

/** The interface identifier made from a MAC (RFC 4291 appendix A). */
export function eui64(mac: MacParts): InterfaceId {
  return { high: (((mac.high ^ 0x0200) << 16) | ((mac.low >>> 24) << 8) | 0xff) >>> 0, low: (0xfe00_0000 | (mac.low & 0xff_ffff)) >>> 0 }
}

/** The MAC such an identifier was made from; null when it was made otherwise. */
export function macOfEui64(high: number, low: number): MacParts | null {
  if ((high & 0xff) !== 0xff || low >>> 24 !== 0xfe) return null
  return { high: (high >>> 16) ^ 0x0200, low: ((((high >>> 8) & 0xff) << 24) | (low & 0xff_ffff)) >>> 0 }
}

/** The canonical text (RFC 5952 §4): lower case, the first longest run of zero groups shortened. */
export function ipv6Text(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => u16(bytes, index * 2).toString(16)).join(':')
  const runs = [...groups.matchAll(/\b0(?::0)+\b/g)].toSorted((left, right) => right[0].length - left[0].length || left.index - right.index)
  const [run] = runs
  if (run === undefined) return groups
  return `${groups.slice(0, run.index).replace(/:$/, '')}::${groups.slice(run.index + run[0].length).replace(/^:/, '')}`
}

export interface Ipv6Packet {
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly nextHeader: number
  readonly hopLimit: number
  readonly payload: Uint8Array
}

/** Reads an IPv6 packet (RFC 8200 §3); null when it is none. Extension headers are left in the payload. */
export function parseIpv6Packet(bytes: Uint8Array): Ipv6Packet | null {
  if (bytes.length < 40 || u8(bytes, 0) >> 4 !== 6) return null
  const end = 40 + u16(bytes, 4)
  if (end > bytes.length) return null
  return { source: bytes.subarray(8, 24), destination: bytes.subarray(24, 40), nextHeader: u8(bytes, 6), hopLimit: u8(bytes, 7), payload: bytes.subarray(40, end) }
}

export function ipv6(source: Uint8Array, destination: Uint8Array, nextHeader: number, payload: Uint8Array, hopLimit: number): Uint8Array {
  const header = new Uint8Array(8)
  header[0] = 0x60
  putU16(header, 4, payload.length)
  header[6] = nextHeader
  header[7] = hopLimit
  return concat(header, source, destination, payload)
}

/** The sum over the pseudo-header (RFC 8200 §8.1), to start a transport checksum from. */
export function pseudoHeaderSum6(source: Uint8Array, destination: Uint8Array, nextHeader: number, length: number): number {
  let sum = length + nextHeader
  for (let at = 0; at < 16; at += 2) sum += u16(source, at) + u16(destination, at)
  return sum
}

/** An ICMPv6 message with its checksum (RFC 4443 §2.1), in its packet. */
export function icmpv6(source: Uint8Array, destination: Uint8Array, type: number, body: Uint8Array, hopLimit: number): Uint8Array {
  const message = concat(Uint8Array.of(type, 0, 0, 0), body)
  putU16(message, 2, internetChecksum(message, 0, message.length, pseudoHeaderSum6(source, destination, PROTOCOL.icmpv6, message.length)))
  return ipv6(source, destination, PROTOCOL.icmpv6, message, hopLimit)
}

/** The address in the text of a reverse name (`...ip6.arpa`, RFC 3596 §2.5); null when it is none. */
export function parseReverseIpv6(name: string): Uint8Array | null {
  const match = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)
  if (match === null) return null
  const digits = (match[1] ?? '').replaceAll('.', '').split('').toReversed().join('')
  return Uint8Array.from({ length: 16 }, (_, index) => Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16))
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}

/** The address's last 64 bits if it lies in the prefix, else null. */
export function interfaceIdIn(prefix: Ipv6Prefix, bytes: Uint8Array): InterfaceId | null {
  return u32(bytes, 0) === prefix.high && u32(bytes, 4) === prefix.low ? { high: u32(bytes, 8), low: u32(bytes, 12) } : null
}
