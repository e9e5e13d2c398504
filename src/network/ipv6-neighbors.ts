import type { GuestName } from '../contract/names.ts'
import type { MacParts } from './address.ts'
import { u32, u8 } from './bytes.ts'
import { eui64, ipv6Address, ipv6Text, LINK_LOCAL, macOfEui64, type InterfaceId, type Ipv6Prefix } from './ipv6.ts'
import type { DropReason } from './drops.ts'
import { HIDDEN, NO_DISCOVERY, discoveryAt } from './discovery-message.ts'
import { LinkLocalOwners } from './link-local-owners.ts'
import { NDP } from './neighbor-discovery.ts'

/** Addresses remembered for one port: its stable one, its temporary ones, those of a day before. */
const MAX_PER_PORT = 16
/** Numbers above every IPv4 address: what the HTTP log calls an IPv6 neighbour by. */
const FIRST_ID = 0x1_0000_0000

/** The port whose addresses they are. */
export interface Ipv6Owner {
  readonly settings: { readonly guest: GuestName }
  readonly macParts: MacParts
  /** Oldest first. */
  readonly ipv6: Ipv6Neighbor[]
}

export interface Ipv6Neighbor extends InterfaceId {
  readonly id: number
  /** null once it was forgotten. */
  owner: Ipv6Owner | null
}

/**
 * Who uses which address of the network's prefix: a guest makes its own (RFC 4862), so they are learned from what
 * it sends, first come first served, and stay with its port until it leaves. An address made from another port's MAC
 * is never anybody else's. Owned by the fabric.
 */
export class Ipv6Neighbors {
  readonly #prefix: Ipv6Prefix
  readonly #gateway: InterfaceId
  readonly #ownerOfMac: (mac: MacParts) => Ipv6Owner | undefined
  readonly #neighbors = new Map<string, Ipv6Neighbor>()
  readonly #byId = new Map<number, Ipv6Neighbor>()
  readonly #linkLocal = new LinkLocalOwners<Ipv6Owner>()
  #nextId = FIRST_ID

  constructor(prefix: Ipv6Prefix, gatewayMac: MacParts, ownerOfMac: (mac: MacParts) => Ipv6Owner | undefined) {
    this.#prefix = prefix
    this.#gateway = eui64(gatewayMac)
    this.#ownerOfMac = ownerOfMac
  }

  /** Why the port may not send the IPv6 packet at view[ip, limit), or null; learns its source. */
  objection(port: Ipv6Owner, view: Uint8Array, ip: number, limit: number): DropReason | null {
    if (limit - ip < 40 || u8(view, ip) >> 4 !== 6) return null
    if (!this.#mayUse(port, view, ip + 8)) return 'ip-spoof'
    const message = discoveryAt(view, ip, limit)
    if (message === NO_DISCOVERY) return null
    if (message === HIDDEN) return 'role-spoof'
    const type = u8(view, message)
    // Only the gateway says where the network's addresses and routes are (RFC 6105).
    if (type === NDP.routerAdvertisement || type === NDP.redirect) return 'role-spoof'
    if (type === NDP.neighborAdvertisement && message + 24 <= limit) return this.#mayUse(port, view, message + 8) ? null : 'ip-spoof'
    // Asking whether an address is free is how a guest takes one; if it is taken, its owner answers.
    if (type === NDP.neighborSolicitation && message + 24 <= limit && isUnspecified(view, ip + 8)) this.#mayUse(port, view, message + 8)
    return null
  }

  /** The neighbour whose address is at view[at], if it is known. */
  at(view: Uint8Array, at: number): Ipv6Neighbor | undefined {
    if (u32(view, at) !== this.#prefix.high || u32(view, at + 4) !== this.#prefix.low) return undefined
    return this.#neighbors.get(key(u32(view, at + 8), u32(view, at + 12)))
  }

  byId(id: number): Ipv6Neighbor | undefined {
    return this.#byId.get(id)
  }

  /** The addresses to tell others of: the one made from its MAC, else the newest. Sixteen bytes, or null. */
  addressOf(port: Ipv6Owner): Uint8Array | null {
    const stable = eui64(port.macParts)
    const best = port.ipv6.find((each) => each.high === stable.high && each.low === stable.low) ?? port.ipv6.at(-1)
    return best === undefined ? null : ipv6Address(this.#prefix, best)
  }

  textOf(neighbor: InterfaceId): string {
    return ipv6Text(ipv6Address(this.#prefix, neighbor))
  }

  forget(port: Ipv6Owner): void {
    for (const neighbor of port.ipv6.splice(0)) this.#remove(neighbor)
    this.#linkLocal.forget(port)
  }

  #mayUse(port: Ipv6Owner, view: Uint8Array, at: number): boolean {
    const [first, second, high, low] = [u32(view, at), u32(view, at + 4), u32(view, at + 8), u32(view, at + 12)]
    const inPrefix = first === this.#prefix.high && second === this.#prefix.low
    if (inPrefix) {
      const newest = port.ipv6.at(-1)
      if (newest !== undefined && newest.high === high && newest.low === low) return true
    } else if (first !== LINK_LOCAL.high || second !== LINK_LOCAL.low) {
      return true
    }
    if ((high === this.#gateway.high && low === this.#gateway.low) || (inPrefix && high === 0 && low === 1)) return false
    const mac = macOfEui64(high, low)
    const rightful = mac === null ? undefined : this.#ownerOfMac(mac)
    if (rightful !== undefined && rightful !== port) return false
    return inPrefix ? this.#take(port, high, low) : this.#linkLocal.take(port, high, low, rightfully(port, high, low))
  }

  #take(port: Ipv6Owner, high: number, low: number): boolean {
    const known = this.#neighbors.get(key(high, low))
    if (known !== undefined && known.owner !== port) return rightfully(port, high, low) && this.#move(known, port)
    const neighbor = known ?? { id: this.#nextId++, owner: port, high, low }
    if (known === undefined) {
      this.#neighbors.set(key(high, low), neighbor)
      this.#byId.set(neighbor.id, neighbor)
    } else {
      port.ipv6.splice(port.ipv6.indexOf(known), 1)
    }
    port.ipv6.push(neighbor)
    if (port.ipv6.length > MAX_PER_PORT) for (const oldest of port.ipv6.splice(0, 1)) this.#remove(oldest)
    return true
  }

  /** An address made from this port's MAC that another held while the port was not defined. */
  #move(neighbor: Ipv6Neighbor, port: Ipv6Owner): boolean {
    const before = neighbor.owner?.ipv6
    before?.splice(before.indexOf(neighbor), 1)
    this.#remove(neighbor)
    return this.#take(port, neighbor.high, neighbor.low)
  }

  #remove(neighbor: Ipv6Neighbor): void {
    neighbor.owner = null
    this.#neighbors.delete(key(neighbor.high, neighbor.low))
    this.#byId.delete(neighbor.id)
  }
}

function rightfully(port: Ipv6Owner, high: number, low: number): boolean {
  const own = eui64(port.macParts)
  return own.high === high && own.low === low
}

function isUnspecified(view: Uint8Array, at: number): boolean {
  return u32(view, at) === 0 && u32(view, at + 4) === 0 && u32(view, at + 8) === 0 && u32(view, at + 12) === 0
}

function key(high: number, low: number): string {
  return `${high}:${low}`
}
