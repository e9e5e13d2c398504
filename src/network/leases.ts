import { z } from 'zod'
import { GuestName, MacAddress } from '../contract/names.ts'
import { inSubnet, ipv4Text, macParts, parseIpv4, type Subnet } from './address.ts'

const LeaseRecord = z.object({ mac: MacAddress, guest: GuestName, ipv4: z.string().refine((text) => parseIpv4(text) !== null, 'not an IPv4 address') })
export type LeaseRecord = z.infer<typeof LeaseRecord>

/** The 40 bits that make the network's IPv6 prefix its own (RFC 4193 §3.2). */
const GlobalId = z.string().regex(/^[0-9a-f]{10}$/)

/** The file `leases.json`: which address each MAC has ever been given, oldest first, and the IPv6 prefix's own part. */
export const LeaseDocument = z.object({ version: z.literal(1), leases: z.array(LeaseRecord).max(65_536), globalId: GlobalId.optional() })
export type LeaseDocument = z.infer<typeof LeaseDocument>

/**
 * One address per MAC, made from the MAC: a guest restored from a snapshot still uses the one it was told on another
 * day, by another switch. The same for ever unless the network runs out: then the address of the longest unused MAC
 * that has no port now is given away. Owned by the switch; whoever changes it persists `document()`.
 */
export class Leases {
  readonly #subnet: Subnet
  readonly #byMac = new Map<string, { guest: GuestName; ipv4: number }>()

  readonly globalId: string

  constructor(subnet: Subnet, document: LeaseDocument | null, random: () => number = Math.random) {
    this.#subnet = subnet
    this.globalId = document?.globalId ?? Math.floor(random() * 2 ** 40).toString(16).padStart(10, '0')
    const taken = new Set<number>()
    for (const record of document?.leases ?? []) {
      const ipv4 = parseIpv4(record.ipv4)
      if (ipv4 === null || !this.#isGuestAddress(ipv4) || taken.has(ipv4)) continue
      taken.add(ipv4)
      this.#byMac.set(record.mac, { guest: record.guest, ipv4 })
    }
  }

  document(): LeaseDocument {
    return { version: 1, leases: [...this.#byMac].map(([mac, lease]) => ({ mac: MacAddress.parse(mac), guest: lease.guest, ipv4: ipv4Text(lease.ipv4) })), globalId: this.globalId }
  }

  /**
   * The address of this MAC, reserved now if it has none. `inUse` are the MACs that have a port. Returns null when
   * every address belongs to a port. `changed`: the document must be written.
   */
  reserve(mac: MacAddress, guest: GuestName, inUse: ReadonlySet<string>): { ipv4: number; changed: boolean } | null {
    const known = this.#byMac.get(mac)
    if (known !== undefined) {
      const changed = known.guest !== guest
      known.guest = guest
      this.#byMac.delete(mac)
      this.#byMac.set(mac, known)
      return { ipv4: known.ipv4, changed }
    }
    const ipv4 = this.#free(mac) ?? this.#reclaim(inUse)
    if (ipv4 === null) return null
    this.#byMac.set(mac, { guest, ipv4 })
    return { ipv4, changed: true }
  }

  /** The free address nearest after the one the MAC's last two bytes stand for. */
  #free(mac: MacAddress): number | null {
    const taken = new Set([...this.#byMac.values()].map((lease) => lease.ipv4))
    const { firstGuest, lastGuest } = this.#subnet
    const size = lastGuest - firstGuest + 1
    const wish = macParts(mac).low & 0xffff
    for (let step = 0; step < size; step++) {
      const address = firstGuest + ((wish + step) % size)
      if (!taken.has(address)) return address
    }
    return null
  }

  #reclaim(inUse: ReadonlySet<string>): number | null {
    for (const [mac, lease] of this.#byMac) {
      if (inUse.has(mac)) continue
      this.#byMac.delete(mac)
      return lease.ipv4
    }
    return null
  }

  #isGuestAddress(address: number): boolean {
    return inSubnet(this.#subnet, address) && address !== this.#subnet.gateway && address !== this.#subnet.network && address !== this.#subnet.broadcast
  }
}
