import type { GuestName } from '../contract/names.ts'
import { HOLD_BACK_BYTES } from './back-pressure.ts'
import type { Capture } from './capture.ts'
import { macAt, sameMac } from './address.ts'
import { putU32, u16, u32, u8 } from './bytes.ts'
import { noDrops, type DropCounts, type DropReason } from './drops.ts'
import { HEADER_BYTES } from './frame-reader.ts'
import { Gateway, GATEWAY_MAC_PARTS, type GatewayOutcome } from './gateway.ts'
import type { HttpLog } from './http-log.ts'
import type { Ipv6Prefix } from './ipv6.ts'
import { Ipv6Neighbors } from './ipv6-neighbors.ts'
import { isUnshaped, LinkShaper, type LinkConditions } from './link-shaper.ts'
import { MacTable } from './mac-table.ts'
import { ETHERTYPE, PROTOCOL } from './packet.ts'
import { Port, type PortSettings, type Tally } from './port.ts'
import type { ReadBuffers } from './read-buffers.ts'
import type { Wire } from './wire.ts'

/** Bytes that may wait for a guest that reads slowly; more is dropped, so that it delays nobody else. */
export const OUTPUT_QUEUE_BYTES = 4_194_304
/** A second connection takes a port over only when the first has been silent this long. */
export const TAKEOVER_IDLE_MS = 2_000

export const MAC_TABLE_LIMITS = { entries: 4_096, perOwner: 256, maxAgeMs: 300_000 } as const

export type FabricEvent = { readonly type: 'port'; readonly port: Port; readonly connected: boolean } | { readonly type: 'bound'; readonly port: Port }

export interface FabricEnvironment {
  /** Monotonic milliseconds. */
  now(): number
  random(): number
  /** Where frames wait that are held. */
  readonly buffers: ReadBuffers
  /** Call `release` again at this time (a wish for an earlier one replaces a later). */
  wakeAt(atMs: number): void
  event(event: FabricEvent): void
}

/**
 * The ports of one network and the frames between them. Owned by the switch; the connections (`Ingress`) hand
 * frames in, `Wire`s take them out. Nothing here waits: a frame goes on, is held by a shaper, or is dropped and counted.
 */
export class Fabric {
  readonly ports = new Map<GuestName, Port>()
  readonly macs = new MacTable<Port>(MAC_TABLE_LIMITS)
  readonly neighbors: Ipv6Neighbors
  readonly http: HttpLog
  readonly environment: FabricEnvironment
  /** Frames from connections that belong to no port. */
  readonly strays: DropCounts = noDrops()
  /** Running captures; frames are looked at one by one only while there are any. */
  readonly captures = new Set<Capture>()
  /** Rises with every change of who is where: connections look their cached receiver up again. */
  epoch = 0
  readonly #gateway: Gateway
  readonly #byAddress = new Map<number, Port>()
  readonly #shaped = new Set<LinkShaper>()
  /** Ports that hold their senders back. */
  readonly #holding = new Set<Port>()

  constructor(options: { prefix: Ipv6Prefix; gateway: Gateway; http: HttpLog; environment: FabricEnvironment }) {
    this.#gateway = options.gateway
    this.neighbors = new Ipv6Neighbors(options.prefix, GATEWAY_MAC_PARTS, (mac) => this.macs.lookup(mac.high, mac.low, options.environment.now()))
    this.http = options.http
    this.environment = options.environment
  }

  /** Adds a port, or changes an existing one of the same guest; its connection stays when the MAC stays. */
  define(settings: PortSettings, ipv4: number): Port {
    const before = this.ports.get(settings.guest)
    if (before !== undefined && before.settings.mac === settings.mac && before.ipv4 === ipv4) {
      before.settings = settings
      return before
    }
    if (before !== undefined) this.remove(settings.guest)
    const port = new Port(settings, ipv4, this.environment.now(), this.http.join())
    this.ports.set(settings.guest, port)
    this.#byAddress.set(ipv4, port)
    this.macs.pin(port.macParts.high, port.macParts.low, port)
    this.epoch++
    return port
  }

  remove(guest: GuestName): boolean {
    const port = this.ports.get(guest)
    if (port === undefined) return false
    this.http.leave(port.httpShare) // while its address still has its name
    this.ports.delete(guest)
    this.#byAddress.delete(port.ipv4)
    this.macs.forget(port)
    this.setConditions(port, 'tx', null)
    this.setConditions(port, 'rx', null)
    this.detach(port, port.wire)
    this.neighbors.forget(port)
    this.epoch++
    return true
  }

  portAt(address: number): Port | undefined {
    return this.#byAddress.get(address)
  }

  /** The address is the gateway's or reserved for a port. */
  isTaken(address: number): boolean {
    return address === this.#gateway.address || this.#byAddress.has(address)
  }

  /** Gives the port of `guest` to a connection made to its socket; null when there is no such port or it is taken. */
  claim(guest: GuestName, wire: Wire): Port | null {
    const now = this.environment.now()
    const port = this.ports.get(guest)
    if (port === undefined) return null
    if (port.wire === wire) return port
    if (port.wire !== null) {
      if (now - port.lastFrameAtMs < TAKEOVER_IDLE_MS) {
        // A guest that came back: the end of its old connection may still be on its way here.
        port.waiting = wire
        return null
      }
      const old = port.wire
      port.wire = null
      old.close()
    }
    this.#attach(port, wire)
    return port
  }

  #attach(port: Port, wire: Wire): void {
    port.wire = wire
    port.waiting = null
    port.lastFrameAtMs = this.environment.now()
    this.epoch++
    this.environment.event({ type: 'port', port, connected: true })
  }

  /** A connection closed, whether it had a port, waited for one, or neither. */
  leave(wire: Wire): void {
    for (const port of this.ports.values()) {
      if (port.waiting === wire) port.waiting = null
      this.detach(port, wire)
      if (port.wire === null && port.waiting !== null) this.#attach(port, port.waiting)
    }
  }

  /** Takes the connection `wire` off its port. */
  detach(port: Port, wire: Wire | null): void {
    if (port.wire === null || port.wire !== wire) return
    port.wire = null
    this.drained(port)
    this.neighbors.forget(port)
    this.epoch++
    this.environment.event({ type: 'port', port, connected: false })
  }

  /** null or conditions that do nothing take the shaper off the path; what it held goes out at once. */
  setConditions(port: Port, direction: 'tx' | 'rx', conditions: LinkConditions | null): void {
    const now = this.environment.now()
    const key = direction === 'tx' ? 'txShaper' : 'rxShaper'
    const shaper = port[key]
    if (conditions === null || isUnshaped(conditions)) {
      if (shaper === null) return
      port[key] = null
      this.#shaped.delete(shaper)
      shaper.release(Number.POSITIVE_INFINITY)
      return
    }
    if (shaper !== null) {
      shaper.change(conditions, now)
    } else {
      const emit = direction === 'tx' ? (frame: Uint8Array) => this.#route(port, frame) : (frame: Uint8Array) => this.#write(port, frame, 1, sameMac(macAt(frame, HEADER_BYTES + 6), GATEWAY_MAC_PARTS))
      const made = new LinkShaper(conditions, this.environment.buffers, this.environment.random, emit)
      port[key] = made
      this.#shaped.add(made)
    }
    this.epoch++
    this.release()
  }

  /** Lets the shaped frames go that are due, ends patience that is over, and asks to be woken for the next. */
  release(): void {
    const now = this.environment.now()
    let next = Number.POSITIVE_INFINITY
    for (const shaper of this.#shaped) {
      shaper.release(now)
      next = Math.min(next, shaper.nextDueMs ?? next)
    }
    for (const port of this.#holding) {
      const end = port.backPressure.patienceEndsMs ?? now
      if (end <= now) {
        port.backPressure.passOver(now)
        this.#holding.delete(port)
      } else {
        next = Math.min(next, end)
      }
    }
    if (next !== Number.POSITIVE_INFINITY) this.environment.wakeAt(next)
  }

  /** Holds a copy of a frame in a shaper: what waits must not keep the chunk it came in alive. */
  hold(port: Port, shaper: LinkShaper, frame: Uint8Array): void {
    const now = this.environment.now()
    const outcome = shaper.enqueue(frame, now)
    if (outcome !== 'held') {
      port.drops[outcome]++
      return
    }
    const due = shaper.nextDueMs
    if (due !== null) this.environment.wakeAt(due)
  }

  /** Where a frame of `port` goes: a port, everybody, the gateway, or nowhere (counted). */
  destinationOf(port: Port, high: number, low: number): Destination {
    if ((high & 0x0100) !== 0) return this.#flood(port)
    if (high === GATEWAY_MAC_PARTS.high && low === GATEWAY_MAC_PARTS.low) return GATEWAY
    const found = this.macs.lookup(high, low, this.environment.now())
    if (found === undefined) return this.#flood(port)
    if (found !== port) return found
    port.drops.hairpin++
    return NOWHERE
  }

  #flood(port: Port): Destination {
    if (port.storm.take(1, this.environment.now())) return EVERYBODY
    port.drops.storm++
    return NOWHERE
  }

  /** Delivers a run of whole frames from `port`. Group frames reach the gateway too. */
  deliver(port: Port, destination: Destination, slice: Uint8Array, frames: number): void {
    if (destination instanceof Port) {
      this.#output(port, destination, slice, frames)
      if (destination.wire !== null && destination.wire.backlogBytes > HOLD_BACK_BYTES) this.#holdBack(port, destination)
    } else if (destination !== NOWHERE) {
      if (destination === EVERYBODY) for (const other of this.ports.values()) if (other !== port && other.wire !== null) this.#output(port, other, slice, frames)
      forEachFrame(slice, (frame) => this.#askGateway(port, frame))
    }
  }

  #holdBack(source: Port, target: Port): void {
    const now = this.environment.now()
    if (source.wire === null || !target.backPressure.hold(source.wire, now)) return
    this.#holding.add(target)
    this.environment.wakeAt(target.backPressure.patienceEndsMs ?? now)
  }

  /** The connection has handed all that was sent on it to the kernel. */
  drained(port: Port): void {
    if (this.#holding.delete(port)) port.backPressure.release()
  }

  /** Shows a frame (length header included) to the captures. */
  observe(port: Port, direction: 'tx' | 'rx', frame: Uint8Array, fromGateway = false): void {
    for (const capture of this.captures) capture.frame(port, direction, fromGateway, frame.subarray(HEADER_BYTES))
  }

  /** Notes that a guest uses its address. */
  markBound(port: Port, bound: boolean): void {
    if (port.bound === bound) return
    port.bound = bound
    this.environment.event({ type: 'bound', port })
  }

  #route(port: Port, frame: Uint8Array): void {
    if (!port.up) {
      port.drops['link-down']++
      return
    }
    const destination = this.destinationOf(port, u16(frame, HEADER_BYTES), u32(frame, HEADER_BYTES + 2))
    this.deliver(port, destination, frame, 1)
  }

  #output(source: Port, target: Port, slice: Uint8Array, frames: number, fromGateway = false): void {
    if (target.wire === null) {
      source.drops['no-carrier'] += frames
    } else if (!target.up) {
      target.drops['link-down'] += frames
    } else if (target.rxShaper !== null) {
      const shaper = target.rxShaper
      forEachFrame(slice, (frame) => this.hold(target, shaper, frame))
    } else {
      this.#write(target, slice, frames, fromGateway)
    }
  }

  #write(target: Port, slice: Uint8Array, frames: number, fromGateway: boolean): void {
    const wire = target.wire
    if (wire === null || !target.up) {
      target.drops[wire === null ? 'no-carrier' : 'link-down'] += frames
    } else if (wire.backlogBytes > OUTPUT_QUEUE_BYTES) {
      target.drops['queue-full'] += frames
    } else {
      count(target.rx, frames, slice.length - HEADER_BYTES * frames)
      if (this.captures.size > 0) forEachFrame(slice, (frame) => this.observe(target, 'rx', frame, fromGateway))
      wire.send(slice)
    }
  }

  #askGateway(port: Port, frame: Uint8Array): void {
    if (!this.#gateway.isDialled(frame.subarray(HEADER_BYTES), port) && !port.gatewayBudget.take(1, this.environment.now())) {
      port.drops['gateway-busy']++
      return
    }
    const outcome: GatewayOutcome = this.#gateway.receive(frame.subarray(HEADER_BYTES), port)
    if (outcome.refused) port.drops['gateway-refused']++
    if (outcome.bound !== null) this.markBound(port, outcome.bound)
    for (const reply of outcome.replies) this.sendFromGateway(port, reply)
  }

  /** Sends what the gateway still has to say; call it a few times a second. */
  tick(): void {
    for (const { port, frame } of this.#gateway.tick()) if (this.ports.get(port.settings.guest) === port) this.sendFromGateway(port, frame)
  }

  /** Sends a frame of the gateway to one port, shaped as any other. */
  sendFromGateway(port: Port, frame: Uint8Array): void {
    // The gateway writes IPv4 headers of 20 bytes: its TCP segments begin at 34.
    if (u16(frame, 12) === ETHERTYPE.ipv4 && u8(frame, 23) === PROTOCOL.tcp) {
      this.http.segment(frame, 34, frame.length, frame.length - 34, u32(frame, 26), u32(frame, 30), port.gatewayFlows, this.environment.now())
    }
    const whole = new Uint8Array(HEADER_BYTES + frame.length)
    putU32(whole, 0, frame.length)
    whole.set(frame, HEADER_BYTES)
    this.#output(port, port, whole, 1, true)
  }
}

export const EVERYBODY = Symbol('every other port and the gateway')
export const GATEWAY = Symbol('the gateway')
export const NOWHERE = Symbol('dropped')
export type Destination = Port | typeof EVERYBODY | typeof GATEWAY | typeof NOWHERE

export function count(tally: Tally, packets: number, bytes: number): void {
  tally.packets += packets
  tally.bytes += bytes
}

export function drop(counts: DropCounts, reason: DropReason): void {
  counts[reason]++
}

/** Calls back with each frame, length header included, of a run of whole ones. */
function forEachFrame(run: Uint8Array, each: (frame: Uint8Array) => void): void {
  for (let at = 0; at < run.length; ) {
    const end = at + HEADER_BYTES + u32(run, at)
    each(at === 0 && end === run.length ? run : run.subarray(at, end))
    at = end
  }
}
