import type { GuestName, NetworkName } from '../contract/names.ts'
import type { HttpLine, PortMeter } from '../contract/network.ts'
import { ipv4Text, type Subnet } from './address.ts'
import type { ControlError, ControlEvent, LinkChangeRequest, NetworkInfo, PortReport } from './control-protocol.ts'
import type { DnsCodec, DnsZone } from './dns.ts'
import { DnsResponder, type DnsUpstream } from './dns-responder.ts'
import { Fabric } from './fabric.ts'
import { Gateway, GATEWAY_MAC } from './gateway.ts'
import { ipv6Address, ulaPrefix } from './ipv6.ts'
import { HttpLog } from './http-log.ts'
import { Leases, type LeaseDocument } from './leases.ts'
import { UNSHAPED, type LinkConditions } from './link-shaper.ts'
import { Meters } from './meter.ts'
import type { Port, PortSettings } from './port.ts'
import type { ReadBuffers } from './read-buffers.ts'
import { TcpDialer } from './tcp-dialer.ts'

export interface VirtualSwitchOptions {
  readonly name: NetworkName
  readonly subnet: Subnet
  readonly domain: string
  /** The domain all private networks' names end in. */
  readonly apex: string
  readonly codec: DnsCodec
  readonly leases: LeaseDocument | null
  /** Monotonic milliseconds. */
  now(): number
  /** Milliseconds since 1970. */
  wallClock(): number
  random(): number
  readonly buffers: ReadBuffers
  wakeAt(atMs: number): void
  saveLeases(document: LeaseDocument): void
  event(event: ControlEvent): void
  /** The zones of the other networks this guest is on: it may know their names here too. */
  otherZones(guest: GuestName): readonly DnsZone[]
  readonly upstream: DnsUpstream | null
  socketPathOf(guest: GuestName): string
  /** Numbers the HTTP log's lines. */
  nextSequence(): number
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
  readonly zone: DnsZone
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
      apex: options.apex,
      gateway: options.subnet.gateway,
      gatewayIpv6: ipv6Address(prefix, { high: 0, low: 1 }),
      addressOf: (guest) => this.fabric.ports.get(guest as GuestName)?.ipv4 ?? null, // any text may be looked up in the map
      guestAt: (address) => this.fabric.portAt(address)?.settings.guest ?? null,
      ipv6Of: (guest) => {
        const port = this.fabric.ports.get(guest as GuestName) // any text may be looked up in the map
        return port === undefined ? null : this.fabric.neighbors.addressOf(port)
      },
      guestAtIpv6: (address) => this.fabric.neighbors.at(address, 0)?.owner?.settings.guest ?? null,
    }
    this.zone = zone
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
      nextSequence: options.nextSequence,
    })
    const gateway: Gateway = new Gateway({
      dialer: this.dialer,
      prefix,
      subnet: options.subnet,
      zone,
      dns: new DnsResponder({ zonesOf: (port) => [zone, ...options.otherZones(port.settings.guest)], codec: options.codec, upstream: options.upstream }),
      send: (port, frame) => {
        if (this.fabric.ports.get(port.settings.guest) === port) this.fabric.sendFromGateway(port, frame)
      },
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
        buffers: options.buffers,
        wakeAt: options.wakeAt,
        event: (event) => {
          if (event.type === 'bound') options.event({ type: 'lease', lease: this.#lease(event.port) })
          else options.event({ type: 'port', network: options.name, guest: event.port.settings.guest, connected: event.connected })
        },
      },
    })
  }

  get info(): NetworkInfo {
    const { name, domain, subnet } = this.#options
    return { name, domain, subnet: subnet.text, gateway: ipv4Text(subnet.gateway) }
  }

  get subnet(): Subnet {
    return this.#options.subnet
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
  tick(): PortMeter[] {
    const now = this.#options.now()
    this.meters.sample(this.fabric.ports.values(), now)
    this.http.sweep(now)
    this.fabric.tick()
    this.dialer.tick()
    return [...this.fabric.ports.values()].map((port) => this.#meter(port))
  }

  /** The HTTP log's number for an address, in words. */
  #addressText(address: number): string {
    const neighbor = this.fabric.neighbors.byId(address)
    if (neighbor !== undefined) return this.fabric.neighbors.textOf(neighbor)
    return address > 0xffff_ffff ? 'an IPv6 address no longer used' : ipv4Text(address)
  }

  #meter(port: Port): PortMeter {
    return { network: this.#options.name, ...this.meters.read(port) }
  }

  #lease(port: Port) {
    const { guest, mac } = port.settings
    return { network: this.#options.name, guest, mac, ipv4: ipv4Text(port.ipv4), bound: port.bound, socketPath: this.#options.socketPathOf(guest) }
  }

  #report(port: Port): PortReport {
    const { tx, rx } = this.#conditionsOf(port)
    const rates = [tx.bitsPerSecond, rx.bitsPerSecond].filter((rate) => rate !== null)
    const link = { up: port.up, bitsPerSecond: rates.length === 0 ? null : Math.min(...rates), tx, rx }
    return { ...this.#lease(port), link, meter: this.#meter(port) }
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
