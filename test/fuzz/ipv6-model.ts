import { concat, internetChecksum, putU16, putU32, u16 } from '../../src/network/bytes.ts'
import { GATEWAY_MAC, GATEWAY_MAC_PARTS } from '../../src/network/gateway.ts'
import { ALL_NODES, eui64, icmpv6, ipv6, ipv6Address, LINK_LOCAL, pseudoHeaderSum6, type Ipv6Prefix } from '../../src/network/ipv6.ts'
import { NDP } from '../../src/network/neighbor-discovery.ts'
import { ETHERTYPE, ethernet, PROTOCOL, udpHeader } from '../../src/network/packet.ts'
import type { Dice } from './dice.ts'
import type { Guest } from './guest.ts'
import { untagged } from './tags.ts'

const ADDRESSES_KEPT = 16

/** Who may send from which IPv6 address: the first who did, but never another's own, the gateway's, or a router's words. */
export class Ipv6Model {
  readonly prefix: Ipv6Prefix
  readonly #own: ReadonlyMap<string, Guest>
  readonly #gateway: readonly string[]
  /** Addresses of the network's prefix and link-local ones, by guest, the newest last. */
  readonly #held = new Map<Guest['guest'], string[]>()
  readonly #prefixText: string

  constructor(prefix: Ipv6Prefix, guests: readonly Guest[]) {
    this.prefix = prefix
    this.#prefixText = hex(ipv6Address(prefix, { high: 0, low: 0 }).subarray(0, 8))
    this.#own = new Map(guests.map((guest) => [ownId(guest.macText), guest]))
    this.#gateway = [ownId(GATEWAY_MAC)]
  }

  leave(guest: Guest): void {
    this.#held.delete(guest.guest)
  }

  admits(sender: Guest, frame: Uint8Array): boolean {
    const { etherType, payload: packet } = untagged(frame)
    if (etherType !== ETHERTYPE.ipv6 || packet.length < 40 || hex(packet.subarray(0, 1))[0] !== '6') return true
    const source = hex(packet.subarray(8, 24))
    if (!this.#mayUse(sender, source)) return false
    const message = icmpv6Message(packet)
    if (message === null || message === 'hidden') return message === null
    const type = message[0]
    const target = message.length >= 24 ? hex(message.subarray(8, 24)) : null
    if (type === NDP.routerAdvertisement || type === NDP.redirect) return false
    if (type === NDP.neighborAdvertisement && target !== null) return this.#mayUse(sender, target)
    if (type === NDP.neighborSolicitation && target !== null && /^0+$/.test(source)) this.#mayUse(sender, target)
    return true
  }

  #mayUse(sender: Guest, address: string): boolean {
    const id = address.slice(16)
    const global = address.startsWith(this.#prefixText)
    if (!global && !address.startsWith('fe80000000000000')) return true
    if (this.#gateway.includes(id) || (global && id === '0000000000000001')) return false
    const rightful = this.#own.get(id)
    if (rightful !== undefined && rightful.guest !== sender.guest) return false
    for (const [guest, held] of this.#held) if (guest !== sender.guest && held.includes(address)) return false
    const held = [...(this.#held.get(sender.guest) ?? []).filter((each) => each !== address), address]
    const alike = held.filter((each) => each.slice(0, 16) === address.slice(0, 16))
    const given = new Set(alike.slice(0, Math.max(0, alike.length - ADDRESSES_KEPT)))
    this.#held.set(sender.guest, held.filter((each) => !given.has(each)))
    return true
  }
}

/** RFC 4291, appendix A: the MAC's halves around ff:fe, the second bit from the right of the first byte turned. */
function ownId(mac: string): string {
  const parts = mac.split(':')
  const first = (Number.parseInt(parts[0] ?? '', 16) ^ 2).toString(16).padStart(2, '0')
  return [first, ...parts.slice(1, 3), 'ff', 'fe', ...parts.slice(3)].join('')
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** The ICMPv6 message of a packet, behind at most eight extension headers; hidden when it cannot be known or is none for guests. */
function icmpv6Message(packet: Uint8Array): Uint8Array | null | 'hidden' {
  let next = packet[6] ?? 0
  let rest = packet.subarray(40)
  let fragment = false
  for (let headers = 0; headers <= 8; headers++) {
    const [type = 133] = rest
    if (next === PROTOCOL.icmpv6) return fragment && type >= 133 && type <= 137 ? 'hidden' : rest.length < 8 ? null : rest
    if (next === PROTOCOL.udp) return hex(rest.subarray(0, 4)) === '02230222' ? 'hidden' : null
    if (![0, 43, 44, 60].includes(next)) return null
    if (rest.length < 8) return 'hidden'
    if (next === 44 && u16(rest, 2) >= 8) return null
    fragment ||= next === 44
    const length = next === 44 ? 8 : ((rest[1] ?? 0) + 1) * 8
    next = rest[0] ?? 0
    rest = rest.subarray(length)
  }
  return 'hidden'
}

/** A frame from `sender` with an IPv6 packet of any kind, honest or not. */
export function ipv6Frame(dice: Dice, prefix: Ipv6Prefix, guests: readonly Guest[], sender: Guest): Uint8Array {
  const id = () => dice.pick([eui64(sender.mac), eui64(sender.mac), { high: 0x0200_0000, low: dice.below(200) }, { high: 0x0200_0000, low: dice.below(200) }, eui64(dice.pick(guests).mac), dice.chance(20) ? eui64(GATEWAY_MAC_PARTS) : { high: 0, low: 1 }])
  const address = () => ipv6Address(dice.pick([prefix, prefix, prefix, LINK_LOCAL, { high: 0x2001_0db8, low: 0 }]), id())
  const gateway = ipv6Address(dice.pick([prefix, LINK_LOCAL]), eui64(GATEWAY_MAC_PARTS))
  const source = dice.chance(15) ? new Uint8Array(16) : address()
  const destination = dice.pick([gateway, gateway, address(), ALL_NODES])
  const to = dice.pick([GATEWAY_MAC_PARTS, dice.pick(guests).mac, { high: 0x3333, low: 1 }])
  const frame = ethernet(to, sender.mac, ETHERTYPE.ipv6, packet(dice, source, destination, address()))
  if (dice.chance(15)) for (let flips = 1 + dice.below(4); flips > 0; flips--) frame[14 + dice.below(frame.length - 14)] = dice.below(256)
  return dice.chance(5) ? frame.slice(0, 14 + dice.below(frame.length - 13)) : frame
}

function packet(dice: Dice, source: Uint8Array, destination: Uint8Array, target: Uint8Array): Uint8Array {
  const type = dice.pick([128, NDP.routerSolicitation, NDP.neighborSolicitation, NDP.neighborSolicitation, NDP.neighborAdvertisement, NDP.routerAdvertisement, NDP.redirect])
  switch (dice.below(5)) {
    case 0:
      return ipv6(source, destination, PROTOCOL.tcp, segment(dice, source, destination), 64)
    case 1: {
      const query = Uint8Array.of(0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0x67, 0x30, 0, 0, dice.pick([1, 28]), 0, 1)
      const datagram = concat(udpHeader(dice.pick([5_353, 547]), dice.pick([53, 546]), query), query)
      putU16(datagram, 6, internetChecksum(datagram, 0, datagram.length, pseudoHeaderSum6(source, destination, 17, datagram.length)))
      return ipv6(source, destination, 17, datagram, 64)
    }
    default: {
      const message = icmpv6(source, destination, type, concat(new Uint8Array(4), target, Uint8Array.of(1, 1, 0x52, 0x54, 0, 0, 0, dice.below(9))), 255)
      if (!dice.chance(15)) return message
      const headers = dice.pick([1, 2, 9])
      const kinds = Array.from({ length: headers }, () => dice.pick([0, 43, 44, 60, 60, 60]))
      const options = kinds.map((kind, index) => Uint8Array.of(kinds[index + 1] ?? PROTOCOL.icmpv6, 0, kind === 44 ? 0 : 1, kind === 44 ? dice.pick([0, 0, 1, 8]) : 4, 0, 0, 0, 0))
      return ipv6(source, destination, kinds[0] ?? 60, concat(...options, message.subarray(40)), 255)
    }
  }
}

function segment(dice: Dice, source: Uint8Array, destination: Uint8Array): Uint8Array {
  const whole = new Uint8Array(20 + dice.below(60))
  putU16(whole, 0, 40_000)
  putU16(whole, 2, dice.pick([80, 443, 40_000]))
  putU32(whole, 4, dice.below(3_000))
  whole[12] = dice.pick([0x50, 0x50, 0x60, 0])
  whole[13] = dice.pick([2, 16, 24, 17, 4])
  putU16(whole, 14, 1_000)
  putU16(whole, 16, internetChecksum(whole, 0, whole.length, pseudoHeaderSum6(source, destination, PROTOCOL.tcp, whole.length)))
  return whole
}
