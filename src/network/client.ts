import type { GuestName, MacAddress } from '../contract/names.ts'
import type { HttpLine, PortMeter } from '../contract/network.ts'

/**
 * What the host asks of the switch process, which outlives it. The adapter (src/node) speaks JSON lines over the
 * switch's control socket; the data socket (frames) is the guests' alone.
 */
export interface SwitchClient {
  readonly dataSocketPath: string
  readonly processId: number
  readonly subnet: string
  readonly gateway: string
  readonly domain: string
  /** Names a port before or while its guest is connected: frames from any other source MAC are dropped on it. */
  definePort(port: { guest: GuestName; mac: MacAddress }): Promise<PortLease>
  removePort(guest: GuestName): Promise<void>
  /** Both directions; null = unlimited. Returns what is in force. */
  setLink(guest: GuestName, change: { up?: boolean; bitsPerSecond?: number | null }): Promise<LinkState>
  ports(): Promise<(PortLease & { link: LinkState; meter: PortMeter })[]>
  requests(limit: number): Promise<HttpLine[]>
  /** Meters at 4 Hz and HTTP lines as they complete; `closed` when the switch goes away. */
  subscribe(listener: (event: SwitchEvent) => void): () => void
  /** Ends the switch process. */
  shutdown(): Promise<void>
  /** Lets go without touching the switch. */
  dispose(): void
}

export interface PortLease {
  readonly guest: GuestName
  readonly mac: MacAddress
  /** The address reserved for this MAC; the guest may not have asked for it yet (`bound`). */
  readonly ipv4: string
  readonly bound: boolean
}

export interface LinkState {
  readonly up: boolean
  readonly bitsPerSecond: number | null
}

export type SwitchEvent =
  | { readonly type: 'meters'; readonly meters: PortMeter[] }
  | { readonly type: 'request'; readonly line: HttpLine }
  | { readonly type: 'lease'; readonly lease: PortLease }
  | { readonly type: 'port'; readonly guest: GuestName; readonly connected: boolean }
  | { readonly type: 'closed'; readonly reason: string }
