import type { MacAddress } from '../contract/names.ts'
import { putU16, putU32, u16, u32 } from './bytes.ts'

/** A MAC as the two numbers the data path compares: the first 16 and the last 32 bits. */
export interface MacParts {
  readonly high: number
  readonly low: number
}

export function macParts(mac: MacAddress): MacParts {
  const hex = mac.replaceAll(':', '')
  return { high: Number.parseInt(hex.slice(0, 4), 16), low: Number.parseInt(hex.slice(4), 16) }
}

/** The 48 bits as one exact number, the key of the MAC table. */
export function macKey(high: number, low: number): number {
  return high * 0x1_0000_0000 + low
}

export function macText(high: number, low: number): string {
  const hex = high.toString(16).padStart(4, '0') + low.toString(16).padStart(8, '0')
  return hex.replace(/(..)(?=.)/g, '$1:')
}

export function putMac(bytes: Uint8Array, at: number, mac: MacParts): void {
  putU16(bytes, at, mac.high)
  putU32(bytes, at + 2, mac.low)
}

export function macAt(bytes: Uint8Array, at: number): MacParts {
  return { high: u16(bytes, at), low: u32(bytes, at + 2) }
}

export function sameMac(left: MacParts, right: MacParts): boolean {
  return left.high === right.high && left.low === right.low
}

export const BROADCAST: MacParts = { high: 0xffff, low: 0xffff_ffff }

/** Dotted quad to a 32-bit number; null when it is not one. */
export function parseIpv4(text: string): number | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return null
  const parts = match.slice(1).map(Number)
  if (parts.some((part) => part > 255)) return null
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

export function ipv4Text(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.')
}

/** An IPv4 network of a stage: its gateway is the first host address, guests take the ones from `firstGuest` on. */
export interface Subnet {
  readonly text: string
  readonly network: number
  readonly prefixLength: number
  readonly mask: number
  readonly broadcast: number
  readonly gateway: number
  readonly firstGuest: number
  readonly lastGuest: number
}

/** Reads `10.77.0.0/24`. Throws a RangeError that says what is wrong: only private ranges (RFC 1918), /16 to /28. */
export function parseSubnet(text: string): Subnet {
  const [base = '', length = '', ...rest] = text.split('/')
  const address = parseIpv4(base)
  const prefixLength = /^\d{1,2}$/.test(length) ? Number(length) : Number.NaN
  if (address === null || Number.isNaN(prefixLength) || rest.length > 0) throw new RangeError(`"${text}" is not a subnet: write it like 10.77.0.0/24`)
  if (prefixLength < 16 || prefixLength > 28) throw new RangeError(`subnet ${text}: the prefix length must be 16 to 28`)
  const mask = (0xffff_ffff << (32 - prefixLength)) >>> 0
  if ((address & ~mask) >>> 0 !== 0) throw new RangeError(`subnet ${text}: ${base} has host bits set; did you mean ${ipv4Text((address & mask) >>> 0)}/${prefixLength}?`)
  const isPrivate = address >>> 24 === 10 || address >>> 20 === 0xac1 || address >>> 16 === 0xc0a8
  if (!isPrivate) throw new RangeError(`subnet ${text} is not private: choose one inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16`)
  const broadcast = (address | ~mask) >>> 0
  const roomy = broadcast - address > 100
  return { text, network: address, prefixLength, mask, broadcast, gateway: address + 1, firstGuest: address + (roomy ? 10 : 2), lastGuest: broadcast - 1 }
}

export function inSubnet(subnet: Subnet, address: number): boolean {
  return (address & subnet.mask) >>> 0 === subnet.network
}
