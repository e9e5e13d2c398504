import type { GuestName, MacAddress, NetworkName } from '../contract/names.ts'
import type { HttpLine, PortMeter } from '../contract/network.ts'
import type { LinkConditions } from './link-shaper.ts'

/**
 * What the host asks of the switch process, which outlives it. The adapter (src/node) speaks JSON lines over the
 * switch's control socket; the ports' own sockets (frames) are the guests' alone. Every call rejects with SwitchFault.
 * A network that is not named is the stage's.
 */
export interface SwitchClient {
  readonly processId: number
  /** Those of the stage's network. */
  readonly subnet: string
  readonly gateway: string
  readonly domain: string
  /**
   * Names a port before or while its guest is connected: frames from any other source MAC are dropped on it.
   * Again with the same MAC: changes its settings and leaves connection, link and lease as they are.
   */
  definePort(port: PortDefinition): Promise<PortLease>
  removePort(guest: GuestName, network?: NetworkName): Promise<void>
  /** Adds a network, apart from all others; the same again when it is there with this subnet. */
  createNetwork(name: NetworkName, subnet: string): Promise<NetworkInfo>
  /** Rejects with `in-use` while it has ports; the stage's cannot be removed. */
  removeNetwork(name: NetworkName): Promise<void>
  networks(): Promise<NetworkInfo[]>
  /** `bitsPerSecond`: both directions; null = unlimited. Returns what is in force. */
  setLink(guest: GuestName, change: LinkChange, network?: NetworkName): Promise<LinkState>
  ports(): Promise<(PortLease & { link: LinkState; meter: PortMeter })[]>
  requests(limit: number): Promise<HttpLine[]>
  /** What was dropped and why, and how full the tables are. */
  statistics(): Promise<SwitchStatistics>
  /** Meters at 4 Hz and HTTP lines as they complete; `closed` when the switch goes away. */
  subscribe(listener: (event: SwitchEvent) => void): () => void
  /** Ends the switch process. Resolves when it is gone. */
  shutdown(): Promise<void>
  /** Lets go without touching the switch. */
  dispose(): void
}

export interface NetworkInfo {
  readonly name: NetworkName
  readonly domain: string
  readonly subnet: string
  readonly gateway: string
}

export interface PortDefinition {
  readonly network?: NetworkName
  readonly guest: GuestName
  readonly mac: MacAddress
  /** DHCP option 26: 65520 (the default) between virtio NICs with host_mtu, 1500 or 9000 where the NIC model demands. */
  readonly mtu?: number
  /** false lets a guest that bridges guests of its own send from their MACs too; true is the default. */
  readonly pinned?: boolean
  /** The URL a network boot of this guest is told (DHCP option 67). */
  readonly bootUrl?: string | null
  /** The guest has a way to the internet: names outside the private networks are asked of the host's resolvers. */
  readonly uplink?: boolean
}

export interface PortLease {
  readonly network: NetworkName
  readonly guest: GuestName
  readonly mac: MacAddress
  /** The address reserved for this MAC; the guest may not have asked for it yet (`bound`). */
  readonly ipv4: string
  readonly bound: boolean
  /** Where this guest's hypervisor connects its card, and nobody else. */
  readonly socketPath: string
}

export interface LinkChange {
  readonly up?: boolean
  readonly bitsPerSecond?: number | null
  /** One direction's conditions, the guest's view: `tx` leaves it, `rx` reaches it. What is not named stays. */
  readonly tx?: Partial<LinkConditions>
  readonly rx?: Partial<LinkConditions>
}

export interface LinkState {
  readonly up: boolean
  /** The tighter of the two directions. */
  readonly bitsPerSecond: number | null
  readonly tx?: LinkConditions
  readonly rx?: LinkConditions
}

export interface PortStatistics {
  readonly network: NetworkName
  readonly guest: GuestName
  readonly drops: Readonly<Record<string, number>>
  readonly backlogBytes: number
  readonly heldBytes: number
  /** Of what this guest sent: TCP segments left out of the HTTP log, and connections that made room there for others. */
  readonly httpSampledOut: number
  readonly httpDisplaced: number
}

export interface SwitchStatistics {
  readonly ports: readonly PortStatistics[]
  /** Frames from connections that belong to no port. */
  readonly strays: Readonly<Record<string, number>>
  readonly connections: number
  readonly macTableEntries: number
  readonly httpFlows: number
  /** TCP segments left out of the HTTP log under load. */
  readonly httpSampledOut: number
  readonly residentMiB: number
}

export type SwitchEvent =
  | { readonly type: 'meters'; readonly meters: PortMeter[] }
  | { readonly type: 'request'; readonly line: HttpLine }
  | { readonly type: 'lease'; readonly lease: PortLease }
  | { readonly type: 'port'; readonly network: NetworkName; readonly guest: GuestName; readonly connected: boolean }
  | { readonly type: 'closed'; readonly reason: string }

/**
 * Why the switch did not do as asked. `not-found`: no such port; `in-use`: the MAC belongs to another guest or the
 * gateway; `exhausted`: no address left; `bad-request`: a value out of range; `unreachable`: the process or its socket;
 * `other-version`: a switch of another release.
 */
export type SwitchFaultCode = 'not-found' | 'in-use' | 'exhausted' | 'bad-request' | 'unreachable' | 'other-version'

export class SwitchFault extends Error {
  override readonly name = 'SwitchFault'
  readonly part = 'switch'
  readonly code: SwitchFaultCode
  readonly remedy: string | undefined
  constructor(code: SwitchFaultCode, reason: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(reason, { cause: options.cause })
    this.code = code
    this.remedy = options.remedy
  }
}
