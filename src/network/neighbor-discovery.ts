import { putMac, type MacParts } from './address.ts'
import { asciiBytes, concat, putU16, putU32 } from './bytes.ts'
import type { Ipv6Prefix } from './ipv6.ts'

/** ICMPv6 types (RFC 4443 §4, RFC 4861 §4). */
export const ICMPV6 = { echoRequest: 128, echoReply: 129 } as const
export const NDP = { routerSolicitation: 133, routerAdvertisement: 134, neighborSolicitation: 135, neighborAdvertisement: 136, redirect: 137 } as const

/** How long what an advertisement says stays true, in seconds; repeated every `ADVERTISE_EVERY_MS` at most. */
const VALID_SECONDS = 86_400
const PREFERRED_SECONDS = 14_400
const RESOLVER_SECONDS = 3_600
export const ADVERTISE_EVERY_MS = 300_000

export interface AdvertisedNetwork {
  readonly prefix: Ipv6Prefix
  readonly resolver: Uint8Array
  readonly domain: string
  readonly gatewayMac: MacParts
}

/**
 * The body of a router advertisement (RFC 4861 §4.2): guests make their own addresses in the prefix; resolver and
 * search list stand in it (RFC 8106). Router lifetime 0: there is no way out of this network.
 */
export function routerAdvertisement(network: AdvertisedNetwork, mtu: number): Uint8Array {
  const head = new Uint8Array(12)
  head[0] = 64
  return concat(head, prefixOption(network.prefix), linkAddressOption(1, network.gatewayMac), ...(mtu >= 1_280 ? [mtuOption(mtu)] : []), resolverOption(network.resolver), searchOption(network.domain))
}

/** The body of a neighbour advertisement (RFC 4861 §4.4) for the gateway's own address. */
export function neighborAdvertisement(target: Uint8Array, mac: MacParts, solicited: boolean): Uint8Array {
  // Router, solicited, override.
  return concat(Uint8Array.of(solicited ? 0xe0 : 0xa0, 0, 0, 0), target, linkAddressOption(2, mac))
}

function linkAddressOption(type: number, mac: MacParts): Uint8Array {
  const option = Uint8Array.of(type, 1, 0, 0, 0, 0, 0, 0)
  putMac(option, 2, mac)
  return option
}

/** RFC 4861 §4.6.2: on link, and for making addresses from. */
function prefixOption(prefix: Ipv6Prefix): Uint8Array {
  const option = new Uint8Array(32)
  option.set([3, 4, 64, 0xc0])
  putU32(option, 4, VALID_SECONDS)
  putU32(option, 8, PREFERRED_SECONDS)
  putU32(option, 16, prefix.high)
  putU32(option, 20, prefix.low)
  return option
}

function mtuOption(mtu: number): Uint8Array {
  const option = Uint8Array.of(5, 1, 0, 0, 0, 0, 0, 0)
  putU32(option, 4, mtu)
  return option
}

/** RFC 8106 §5.1. */
function resolverOption(address: Uint8Array): Uint8Array {
  const head = Uint8Array.of(25, 3, 0, 0, 0, 0, 0, 0)
  putU32(head, 4, RESOLVER_SECONDS)
  return concat(head, address)
}

/** RFC 8106 §5.2: the domain in DNS form, padded with zeros to eight bytes. */
function searchOption(domain: string): Uint8Array {
  const name = concat(...domain.split('.').map((label) => concat(Uint8Array.of(label.length), asciiBytes(label))), Uint8Array.of(0))
  const option = new Uint8Array(8 + Math.ceil(name.length / 8) * 8)
  option[0] = 31
  option[1] = option.length / 8
  putU16(option, 2, 0)
  putU32(option, 4, RESOLVER_SECONDS)
  option.set(name, 8)
  return option
}
