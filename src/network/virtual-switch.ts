import type { GuestName } from '../contract/names.ts'
import type { HttpLine } from '../contract/network.ts'
import { ipv4Text, type Subnet } from './address.ts'
import type { ControlError, ControlEvent, LinkChangeRequest, PortReport } from './control-protocol.ts'
import type { DnsCodec, DnsZone } from './dns.ts'
import { Fabric } from './fabric.ts'
import { Gateway, GATEWAY_MAC } from './gateway.ts'
import { ulaPrefix } from './ipv6.ts'
import { HttpLog } from './http-log.ts'
import { Leases, type LeaseDocument } from './leases.ts'
import { UNSHAPED, type LinkConditions } from './link-shaper.ts'
import { Meters } from './meter.ts'
import type { Port, PortSettings } from './port.ts'
import { TcpDialer } from './tcp-dialer.ts'

export interface VirtualSwitchOptions {
  readonly subnet: Subnet
  readonly domain: string
  readonly codec: DnsCodec
  readonly leases: LeaseDocument | null
  /** Monotonic milliseconds. */
  now(): number
  /** Milliseconds since 1970. */
  wallClock(): number
  random(): number
  wakeAt(atMs: number): void
  saveLeases(document: LeaseDocument): void
  event(event: ControlEvent): void
}

export type PortReply = { readonly port: PortReport } | { readonly error: ControlError }

/**
 * One network, whole: fabric, gateway, leases, meters, HTTP log, and the requests the control socket may make of
 * them. Pure: time, chance and storage are handed in.
 */
export class VirtualSwitch {
  readonly fabric: Fabric
  readonly http: HttpLog
  readonly meters: Meters
  /** The host's connections to guests. */
  readonly dialer: TcpDialer
  readonly #leases: Leases
  readonly #options: VirtualSwitchOptions
  readonly #conditions = new WeakMap<Port, { tx: LinkConditions; rx: LinkConditions }>()

  constructor(options: VirtualSwitchOptions) {
    this.#options = options
    this.#leases = new Leases(options.subnet, options.leases, options.random)
    if (options.leases?.globalId === undefined) options.saveLeases(this.#leases.document())
    const prefix = ulaPrefix(this.#leases.globalId)
    this.meters = new Meters(options.now())
    const zone: DnsZone = {
      domain: options.domain,
      gateway: options.subnet.gateway,
      addressOf: (guest) => this.fabric.ports.get(guest as GuestName)?.ipv4 ?? null, // any text may be looked up in the map
      guestAt: (address) => this.fabric.portAt(address)?.settings.guest ?? null,
      ipv6Of: (guest) => {
        const port = this.fabric.ports.get(guest as GuestName) // any text may be looked up in the map
        return port === undefined ? null : this.fabric.neighbors.addressOf(port)
      },
      guestAtIpv6: (address) => this.fabric.neighbors.at(address, 0)?.owner?.settings.guest ?? null,
    }
    this.dialer = new TcpDialer({
      address: options.subnet.gateway,
      now: options.now,
      random: options.random,
      send: (port, segment) => this.fabric.sendFromGateway(port, gateway.frameFor(port, segment)),
    })
    this.http = new HttpLog({
      nameOf: (address) => (address === options.subnet.gateway ? 'gateway' : (zone.guestAt(address) ?? this.fabric.neighbors.byId(address)?.owner?.settings.guest ?? this.#addressText(address))),
      textOf: (address) => this.#addressText(address),
      onLine: (line: HttpLine) => options.event({ type: 'request', line }),
      wallClock: options.wallClock,
    })
    const gateway: Gateway = new Gateway({
      dialer: this.dialer,
      prefix,
      subnet: options.subnet,
      zone,
      codec: options.codec,
      now: options.now,
      random: options.random,
      ports: () => this.fabric.ports.values(),
    })
    this.fabric = new Fabric({
      prefix,
      gateway,
      http: this.http,
      environment: {
        now: options.now,
        random: options.random,
        wakeAt: options.wakeAt,
        event: (event) => {
          if (event.type === 'bound') options.event({ type: 'lease', lease: this.#lease(event.port) })
          else options.event({ type: 'port', guest: event.port.settings.guest, connected: event.connected })
        },
      },
    })
  }

  definePort(settings: PortSettings): PortReply {
    if (settings.mac === GATEWAY_MAC) return refuse('in-use', `${settings.mac} is the gateway's own address: give ${settings.guest} another`)
    for (const port of this.fabric.ports.values()) {
      if (port.settings.mac === settings.mac && port.settings.guest !== settings.guest) return refuse('in-use', `${settings.mac} already belongs to ${port.settings.guest}: every guest needs a MAC address of its own`)
    }
    const inUse = new Set([...this.fabric.ports.values()].filter((port) => port.settings.guest !== settings.guest).map((port): string => port.settings.mac))
    const reserved = this.#leases.reserve(settings.mac, settings.guest, inUse)
    if (reserved === null) return refuse('exhausted', `the subnet ${this.#options.subnet.text} has no address left for ${settings.guest}: remove a guest, or use a larger subnet`)
    if (reserved.changed) this.#options.saveLeases(this.#leases.document())
    return { port: this.#report(this.fabric.define(settings, reserved.ipv4)) }
  }

  removePort(guest: GuestName): boolean {
    const port = this.fabric.ports.get(guest)
    if (port !== undefined) this.dialer.forget(port)
    return this.fabric.remove(guest)
  }

  setLink(guest: GuestName, change: LinkChangeRequest): PortReply {
    const port = this.fabric.ports.get(guest)
    if (port === undefined) return refuse('not-found', `no port is defined for ${guest}`)
    const before = this.#conditionsOf(port)
    const both = change.bitsPerSecond === undefined ? {} : { bitsPerSecond: change.bitsPerSecond }
    const after = { tx: { ...before.tx, ...both, ...defined(change.tx) }, rx: { ...before.rx, ...both, ...defined(change.rx) } }
    if (change.up !== undefined) port.up = change.up
    this.#conditions.set(port, after)
    this.fabric.setConditions(port, 'tx', after.tx)
    this.fabric.setConditions(port, 'rx', after.rx)
    return { port: this.#report(port) }
  }

  ports(): PortReport[] {
    return [...this.fabric.ports.values()].map((port) => this.#report(port))
  }

  /** Reads the meters and forgets silent HTTP connections: call it at 4 Hz. */
  tick(): ControlEvent {
    const now = this.#options.now()
    this.meters.sample(this.fabric.ports.values(), now)
    this.http.sweep(now)
    this.fabric.tick()
    this.dialer.tick()
    return { type: 'meters', meters: [...this.fabric.ports.values()].map((port) => this.meters.read(port)) }
  }

  /** The HTTP log's number for an address, in words. */
  #addressText(address: number): string {
    const neighbor = this.fabric.neighbors.byId(address)
    if (neighbor !== undefined) return this.fabric.neighbors.textOf(neighbor)
    return address > 0xffff_ffff ? 'an IPv6 address no longer used' : ipv4Text(address)
  }

  #lease(port: Port) {
    return { guest: port.settings.guest, mac: port.settings.mac, ipv4: ipv4Text(port.ipv4), bound: port.bound }
  }

  #report(port: Port): PortReport {
    const { tx, rx } = this.#conditionsOf(port)
    const rates = [tx.bitsPerSecond, rx.bitsPerSecond].filter((rate) => rate !== null)
    const link = { up: port.up, bitsPerSecond: rates.length === 0 ? null : Math.min(...rates), tx, rx }
    return { ...this.#lease(port), link, meter: this.meters.read(port) }
  }

  #conditionsOf(port: Port): { tx: LinkConditions; rx: LinkConditions } {
    return this.#conditions.get(port) ?? { tx: UNSHAPED, rx: UNSHAPED }
  }
}

function refuse(code: ControlError['code'], message: string): PortReply {
  return { error: { code, message } }
}

/** What is named, without the keys that are undefined. */
function defined(change: { [Key in keyof LinkConditions]?: LinkConditions[Key] | undefined } | undefined): Partial<LinkConditions> {
  return Object.fromEntries(Object.entries(change ?? {}).filter(([, value]) => value !== undefined))
}
