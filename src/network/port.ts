import type { GuestName, MacAddress } from '../contract/names.ts'
import { macParts, type MacParts } from './address.ts'
import { BackPressure } from './back-pressure.ts'
import { noDrops, type DropCounts } from './drops.ts'
import { flowCache, type FlowCache } from './http-log.ts'
import type { HttpShare } from './http-share.ts'
import type { Ipv6Neighbor } from './ipv6-neighbors.ts'
import type { LinkShaper } from './link-shaper.ts'
import { TokenBucket } from './token-bucket.ts'
import type { Wire } from './wire.ts'

export interface PortSettings {
  readonly guest: GuestName
  readonly mac: MacAddress
  readonly mtu: number
  /** Only frames from `mac`; false for a guest that bridges guests of its own. */
  readonly pinned: boolean
  readonly bootUrl: string | null
  /** Its guest has a way to the internet; see dns-responder.ts. */
  readonly uplink: boolean
}

/** Frames and bytes in one direction, without length headers. */
export interface Tally {
  packets: number
  bytes: number
}

/** Frames a port may have flooded each second, and at once. */
const STORM_PER_SECOND = 5_000
const STORM_BURST = 5_000
/** Frames a port may ask the gateway each second, and at once. */
const GATEWAY_PER_SECOND = 2_000
const GATEWAY_BURST = 1_000

/** One guest's place on the network. Changed by the fabric alone. Directions are the guest's: tx leaves it. */
export class Port {
  settings: PortSettings
  readonly macParts: MacParts
  readonly ipv4: number
  /** The addresses of the network's IPv6 prefix it was heard to use, the newest last. Changed by Ipv6Neighbors alone. */
  readonly ipv6: Ipv6Neighbor[] = []
  /** The guest holds its address: it took the lease, or sends from it. */
  bound = false
  up = true
  wire: Wire | null = null
  /** A newer connection that spoke with this port's MAC while the old one was still open: next in line. */
  waiting: Wire | null = null
  lastFrameAtMs = 0
  readonly tx: Tally = { packets: 0, bytes: 0 }
  readonly rx: Tally = { packets: 0, bytes: 0 }
  readonly drops: DropCounts = noDrops()
  txShaper: LinkShaper | null = null
  rxShaper: LinkShaper | null = null
  readonly backPressure = new BackPressure()
  readonly storm: TokenBucket
  readonly gatewayBudget: TokenBucket
  readonly httpShare: HttpShare
  /** What it sends, and what the gateway sends it: that counts as its own. */
  readonly flows: FlowCache
  readonly gatewayFlows: FlowCache

  constructor(settings: PortSettings, ipv4: number, nowMs: number, httpShare: HttpShare) {
    this.httpShare = httpShare
    this.flows = flowCache(httpShare)
    this.gatewayFlows = flowCache(httpShare)
    this.settings = settings
    this.macParts = macParts(settings.mac)
    this.ipv4 = ipv4
    this.storm = new TokenBucket(STORM_PER_SECOND, STORM_BURST, nowMs)
    this.gatewayBudget = new TokenBucket(GATEWAY_PER_SECOND, GATEWAY_BURST, nowMs)
  }
}
