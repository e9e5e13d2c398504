import { u16, u32, u8 } from './bytes.ts'
import { PROTOCOL } from './packet.ts'

/** Extension headers looked behind; no honest packet has more than a few. */
const MAX_EXTENSIONS = 8
const HOP_BY_HOP = 0
const ROUTING = 43
const FRAGMENT = 44
const DESTINATION_OPTIONS = 60
/** Router solicitation to redirect (RFC 4861 §4). */
const FIRST_DISCOVERY_TYPE = 133
const LAST_DISCOVERY_TYPE = 137
const DHCPV6_SERVER_TO_CLIENT = (547 << 16) | 546

/** The packet is none of neighbour discovery. */
export const NO_DISCOVERY = -1
/** It hides what it is, or is an answer of DHCPv6: nothing a guest has to send to others. */
export const HIDDEN = -2

/**
 * Where the ICMPv6 message of the packet at view[ip, limit) begins, behind its extension headers; else NO_DISCOVERY or
 * HIDDEN. Hidden is what would get past a guard that looks at one packet: headers without end or cut off (RFC 7112, RFC
 * 7113), and neighbour discovery in fragments (RFC 6980). Later fragments pass: without the first they are nothing.
 */
export function discoveryAt(view: Uint8Array, ip: number, limit: number): number {
  let next = u8(view, ip + 6)
  let at = ip + 40
  let isFragment = false
  for (let step = 0; step <= MAX_EXTENSIONS; step++) {
    if (next === PROTOCOL.icmpv6) {
      if (isFragment && (at >= limit || isDiscovery(u8(view, at)))) return HIDDEN
      return at + 8 > limit ? NO_DISCOVERY : at
    }
    if (next === PROTOCOL.udp) return at + 4 <= limit && u32(view, at) === DHCPV6_SERVER_TO_CLIENT ? HIDDEN : NO_DISCOVERY
    if (next !== HOP_BY_HOP && next !== ROUTING && next !== FRAGMENT && next !== DESTINATION_OPTIONS) return NO_DISCOVERY
    if (at + 8 > limit) return HIDDEN
    if (next === FRAGMENT && (u16(view, at + 2) & 0xfff8) !== 0) return NO_DISCOVERY
    isFragment ||= next === FRAGMENT
    const length = next === FRAGMENT ? 8 : (u8(view, at + 1) + 1) * 8
    next = u8(view, at)
    at += length
  }
  return HIDDEN
}

function isDiscovery(type: number): boolean {
  return type >= FIRST_DISCOVERY_TYPE && type <= LAST_DISCOVERY_TYPE
}
