import type { GuestName } from '../contract/names.ts'
import { u16, u32, u8 } from './bytes.ts'
import type { DropReason } from './drops.ts'
import { drop, NOWHERE, type Destination, type Fabric } from './fabric.ts'
import { FrameReader, HEADER_BYTES, type FrameSink } from './frame-reader.ts'
import { GATEWAY_MAC_PARTS } from './gateway.ts'
import { ETHERTYPE, PROTOCOL } from './packet.ts'
import type { Port } from './port.ts'
import type { Wire } from './wire.ts'

/**
 * The receiving side of one connection to the socket of one guest's port: what comes in here is that guest's and nobody
 * else's, and every frame's sender is checked against it. Consecutive frames of one chunk for one receiver are handed on
 * as one slice, headers included.
 *
 *   opened --(its port is free)--> has the port --(port defined anew, or taken over)--> asks again with its next frame
 */
export class Ingress implements FrameSink {
  readonly #fabric: Fabric
  readonly #guest: GuestName
  readonly #wire: Wire
  readonly #reader = new FrameReader()
  #port: Port | null = null
  // The run under way: chunk[start, end), `frames` of them, for `#destination`.
  #destination: Destination = NOWHERE
  #chunk: Uint8Array = new Uint8Array()
  #start = 0
  #end = 0
  #frames = 0
  #framesOfChunk = 0
  // The receiver of the last unicast frame, good while the fabric's epoch stands.
  #cachedHigh = -1
  #cachedLow = -1
  #cachedDestination: Destination = NOWHERE
  #epoch = -1

  constructor(fabric: Fabric, guest: GuestName, wire: Wire) {
    this.#fabric = fabric
    this.#guest = guest
    this.#wire = wire
    this.#port = fabric.claim(guest, wire)
  }

  get port(): Port | null {
    return this.#port
  }

  /** How many frames ended in the chunk that came last. */
  get framesOfChunk(): number {
    return this.#framesOfChunk
  }

  /**
   * Takes what the connection received. Returns how many bytes at its end begin a frame that is not whole: the next
   * chunk must begin with them. CORRUPT: close the connection.
   */
  push(chunk: Uint8Array): number {
    const port = this.#port
    if (port !== null && port.wire !== this.#wire) this.#port = null
    if (this.#port !== null) this.#port.lastFrameAtMs = this.#fabric.environment.now()
    this.#framesOfChunk = 0
    const cut = this.#reader.push(chunk, this)
    this.#flush()
    return cut
  }

  /** All that was sent on the connection has left this process. */
  drained(): void {
    if (this.#port !== null && this.#port.wire === this.#wire) this.#fabric.drained(this.#port)
  }

  close(): void {
    this.#fabric.leave(this.#wire)
    this.#port = null
  }

  refused(reason: 'runt' | 'oversize'): void {
    drop(this.#port?.drops ?? this.#fabric.strays, reason)
  }

  frame(chunk: Uint8Array, start: number, end: number): void {
    this.#framesOfChunk++
    const at = start + HEADER_BYTES
    const port = this.#portOf(u16(chunk, at + 6), u32(chunk, at + 8))
    if (port === null) return
    if (!port.up) {
      drop(port.drops, 'link-down')
      return
    }
    if (!this.#inspect(port, chunk, at, end)) return
    port.tx.packets++
    port.tx.bytes += end - at
    if (this.#fabric.captures.size > 0) this.#fabric.observe(port, 'tx', chunk.subarray(start, end))
    if (port.txShaper !== null) {
      this.#fabric.hold(port, port.txShaper, chunk.subarray(start, end))
      return
    }
    const destination = this.#destinationOf(port, u16(chunk, at), u32(chunk, at + 2))
    if (destination === this.#destination && chunk === this.#chunk && start === this.#end && this.#frames > 0) {
      this.#end = end
      this.#frames++
      return
    }
    this.#flush()
    this.#destination = destination
    this.#chunk = chunk
    this.#start = start
    this.#end = end
    this.#frames = 1
  }

  #flush(): void {
    if (this.#frames === 0) return
    const frames = this.#frames
    this.#frames = 0
    if (this.#port !== null && this.#destination !== NOWHERE) this.#fabric.deliver(this.#port, this.#destination, this.#chunk.subarray(this.#start, this.#end), frames)
    this.#chunk = EMPTY
  }

  #portOf(high: number, low: number): Port | null {
    if (this.#port === null) {
      this.#port = this.#fabric.claim(this.#guest, this.#wire)
      if (this.#port === null) {
        drop(this.#fabric.strays, 'unknown-source')
        return null
      }
    }
    const port = this.#port
    if (port.macParts.low === low && port.macParts.high === high) return port
    if (!port.settings.pinned && (high & 0x0100) === 0 && !(high === GATEWAY_MAC_PARTS.high && low === GATEWAY_MAC_PARTS.low)) {
      const learned = this.#fabric.macs.learn(high, low, port, this.#fabric.environment.now())
      if (learned === 'learned') this.#fabric.epoch++
      if (learned !== 'foreign') return port
    }
    drop(port.drops, 'mac-spoof')
    return null
  }

  #destinationOf(port: Port, high: number, low: number): Destination {
    if ((high & 0x0100) !== 0) return this.#fabric.destinationOf(port, high, low)
    if (high !== this.#cachedHigh || low !== this.#cachedLow || this.#epoch !== this.#fabric.epoch || typeof this.#cachedDestination === 'symbol') {
      this.#cachedDestination = this.#fabric.destinationOf(port, high, low)
      this.#cachedHigh = high
      this.#cachedLow = low
      this.#epoch = this.#fabric.epoch
    }
    return this.#cachedDestination
  }

  /** Checks the sender's address and shows TCP to the HTTP log. False: dropped. Tags (802.1Q, 802.1ad) are looked behind: systems strip those of VLAN 0. */
  #inspect(port: Port, view: Uint8Array, at: number, end: number): boolean {
    let etherType = u16(view, at + 12)
    let ip = at + 14
    for (; (etherType === ETHERTYPE.vlan || etherType === ETHERTYPE.providerVlan) && end - ip >= 4; ip += 4) etherType = u16(view, ip + 2)
    if (etherType === ETHERTYPE.ipv4) {
      if (end - ip < 20) return true
      if (!this.#isOwnAddress(port, u32(view, ip + 12))) return false
      const protocol = u8(view, ip + 9)
      if ((protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp) || (u16(view, ip + 6) & 0x1fff) !== 0) return true
      const header = (u8(view, ip) & 15) * 4
      const length = Math.min(u16(view, ip + 2), end - ip) - header
      const transport = ip + header
      if (protocol === PROTOCOL.udp) return length < 4 || !this.#isRefused(port, isDhcpAnswer(view, transport) ? 'role-spoof' : null)
      if (length >= 20) this.#fabric.http.segment(view, transport, transport + length, length, u32(view, ip + 12), u32(view, ip + 16), port.flows, port.lastFrameAtMs)
      return true
    }
    if (etherType === ETHERTYPE.ipv6) return this.#inspectIpv6(port, view, ip, end)
    if (etherType === ETHERTYPE.arp && end - ip >= 28) return this.#isOwnAddress(port, u32(view, ip + 14))
    return true
  }

  #inspectIpv6(port: Port, view: Uint8Array, ip: number, end: number): boolean {
    const neighbors = this.#fabric.neighbors
    if (this.#isRefused(port, neighbors.objection(port, view, ip, end))) return false
    const tcp = ip + 40
    if (tcp + 20 > end || u8(view, ip + 6) !== PROTOCOL.tcp) return true
    const from = neighbors.at(view, ip + 8)
    const to = neighbors.at(view, ip + 24)
    const length = Math.min(u16(view, ip + 4), end - tcp)
    if (from !== undefined && to !== undefined && length >= 20) this.#fabric.http.segment(view, tcp, tcp + length, length, from.id, to.id, port.flows, port.lastFrameAtMs)
    return true
  }

  #isRefused(port: Port, objection: DropReason | null): boolean {
    if (objection !== null) drop(port.drops, objection)
    return objection !== null
  }

  /** Its lease, no address yet (0), or one that is nobody's: a guest may number itself, not pass for another. */
  #isOwnAddress(port: Port, address: number): boolean {
    if (address === port.ipv4) {
      if (!port.bound) this.#fabric.markBound(port, true)
      return true
    }
    if (address === 0 || !this.#fabric.isTaken(address)) return true
    drop(port.drops, 'ip-spoof')
    return false
  }
}

const DHCP_SERVER_TO_CLIENT = (67 << 16) | 68

/** A UDP datagram at view[at] as DHCP servers send it: there is one on each network, the gateway. */
function isDhcpAnswer(view: Uint8Array, at: number): boolean {
  return u32(view, at) === DHCP_SERVER_TO_CLIENT
}

const EMPTY = new Uint8Array()
