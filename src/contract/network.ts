import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { errors } from './error.ts'
import { LinkPreset } from './link.ts'
import { GuestName, MacAddress, NetworkName, stageNetwork } from './names.ts'

/** One port's meter. Directions are the guest's: `tx` leaves the guest, `rx` reaches it. Rates over the last 250 ms. */
export const PortMeter = z.object({
  guest: GuestName,
  network: NetworkName,
  connected: z.boolean(),
  linkUp: z.boolean(),
  txBytes: z.number(),
  rxBytes: z.number(),
  txPackets: z.number(),
  rxPackets: z.number(),
  drops: z.number(),
  txBitsPerSecond: z.number(),
  rxBitsPerSecond: z.number(),
})
export type PortMeter = z.infer<typeof PortMeter>

/** One HTTP exchange read from the passing TCP stream. `from` and `to` are guest names, or addresses when unknown. */
export const HttpLine = z.object({
  sequence: z.number().int(),
  at: z.iso.datetime(),
  from: z.string(),
  to: z.string(),
  fromAddress: z.string(),
  /** `tls`: a whole connection; `host` is the server name asked for, `method` TLS, `path` empty, `status` null. Absent: HTTP. */
  kind: z.enum(['http', 'tls']).optional(),
  method: z.string(),
  host: z.string().nullable(),
  path: z.string(),
  status: z.number().int().nullable(),
  milliseconds: z.number().nullable(),
  bytes: z.number().nullable(),
})
export type HttpLine = z.infer<typeof HttpLine>

const tcpPort = z.number().int().min(1).max(65_535)

/** A guest's port with an address on this computer, for its browsers. Loopback only. */
export const Publication = z.object({ guest: GuestName, port: tcpPort, hostPort: tcpPort, url: z.string() })
export type Publication = z.infer<typeof Publication>

/**
 * A capture that the host writes to a file; `guest` null: the whole network. `bytes` is what it takes on the disk so far,
 * the file `<path>.1` of older traffic included, and `limitBytes` the most that both ever take.
 */
export const CaptureView = z.object({
  id: z.string(),
  network: NetworkName,
  guest: GuestName.nullable(),
  path: z.string(),
  startedAt: z.iso.datetime(),
  bytes: z.number(),
  limitBytes: z.number(),
  packets: z.number().nullable(),
})
export type CaptureView = z.infer<typeof CaptureView>

/** One private network and the guests whose definitions put them on it. `ipv4` null: not given out yet. */
export const NetworkSummary = z.object({
  name: NetworkName,
  domain: z.string(),
  subnet: z.string(),
  gateway: z.string(),
  guests: z.array(z.object({ guest: GuestName, mac: MacAddress, dnsName: z.string(), ipv4: z.string().nullable() })),
})
export type NetworkSummary = z.infer<typeof NetworkSummary>

/** When a change of a guest's cards takes effect: a running machine that has no slot left gets its card at its next start. */
export const CardChange = z.object({ guest: GuestName, applies: z.enum(['already', 'now', 'next-start']), networks: z.array(NetworkSummary) })
export type CardChange = z.infer<typeof CardChange>

/** `domain`, `subnet` and `gateway` are those of the stage; `networks` lists every private network, the stage first. */
export const NetworkView = z.object({
  running: z.boolean(),
  reason: z.string().nullable(),
  domain: z.string(),
  subnet: z.string(),
  gateway: z.string(),
  ports: z.array(PortMeter),
  networks: z.array(NetworkSummary),
  /** Guests with a card to the host's own network and the internet. */
  uplinks: z.array(GuestName),
  publications: z.array(Publication),
  captures: z.array(CaptureView),
})
export type NetworkView = z.infer<typeof NetworkView>

/** Frames dropped, by reason (the names are the switch's: loss, queue-full, mac-spoof, ...); only reasons that occurred. */
export const DropReport = z.record(z.string(), z.number())
export type DropReport = z.infer<typeof DropReport>

/** What the switch has counted since it started; null while it is not running. */
export const NetworkStatistics = z.object({
  ports: z.array(z.object({ guest: GuestName, network: NetworkName, drops: DropReport, backlogBytes: z.number(), heldBytes: z.number() })),
  /** Frames from connections that belong to no guest. */
  strays: DropReport,
  /** TCP segments left out of the HTTP log under load. */
  httpSampledOut: z.number(),
  residentMiB: z.number(),
})
export type NetworkStatistics = z.infer<typeof NetworkStatistics>

export const NetworkReport = NetworkView.extend({ statistics: NetworkStatistics.nullable() })
export type NetworkReport = z.infer<typeof NetworkReport>

export const NetworkEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('meters'), at: z.iso.datetime(), network: NetworkView }),
  z.object({ type: z.literal('request'), line: HttpLine }),
])
export type NetworkEvent = z.infer<typeof NetworkEvent>

export const network = {
  get: oc.errors(errors).output(NetworkReport),
  /** Links to choose from: LAN, DSL, 4G, ... */
  presets: oc.errors(errors).output(z.array(LinkPreset)),
  /** Meters at 4 Hz, coalesced to the newest; HTTP lines as they complete. */
  watch: oc.errors(errors).output(eventIterator(NetworkEvent)),
  requests: oc
    .errors(errors)
    .input(z.object({ limit: z.number().int().min(1).max(1_000).default(50) }))
    .output(z.array(HttpLine)),
  /** Gives a guest's TCP port a URL on this computer (the same one when asked again); withdrawn when the guest ends or the host does. */
  publish: oc
    .errors(errors)
    .input(z.object({ guest: GuestName, port: tcpPort.default(80), hostPort: tcpPort.optional() }))
    .output(Publication),
  /** Withdraws one port of the guest, or all of them; answers what was withdrawn. */
  unpublish: oc
    .errors(errors)
    .input(z.object({ guest: GuestName, port: tcpPort.optional() }))
    .output(z.array(Publication)),
  publications: oc.errors(errors).output(z.array(Publication)),
  /** Starts writing a link's or the network's frames to a pcapng file; past `maxBytes` the newest traffic is kept in two files. */
  startCapture: oc
    .errors(errors)
    .input(z.object({ network: NetworkName.default(stageNetwork), guest: GuestName.nullable(), maxBytes: z.number().int().min(65_536).max(1_099_511_627_776).default(67_108_864) }))
    .output(CaptureView),
  stopCapture: oc.errors(errors).input(z.object({ id: z.string() })).output(CaptureView),
  captures: oc.errors(errors).output(z.array(CaptureView)),
  /** Every private network; no frame passes from one to another. */
  list: oc.errors(errors).output(z.array(NetworkSummary)),
  /** `subnet` like 10.80.0.0/24; without it, the first free one. Answers the network that is there already when it fits. */
  create: oc
    .errors(errors)
    .input(z.object({ name: NetworkName, subnet: z.string().optional() }))
    .output(NetworkSummary),
  /** Refused while a guest is on it. */
  delete: oc.errors(errors).input(z.object({ name: NetworkName })).output(NetworkSummary),
  connect: oc.errors(errors).input(z.object({ guest: GuestName, network: NetworkName })).output(CardChange),
  disconnect: oc.errors(errors).input(z.object({ guest: GuestName, network: NetworkName })).output(CardChange),
  /** Gives the guest a card to the host's own network and the internet, or takes it away. */
  setUplink: oc.errors(errors).input(z.object({ guest: GuestName, on: z.boolean() })).output(CardChange),
  /**
   * Puts a new switch in the place of the one that runs, under running guests; answers when they are connected to it. Refused
   * while there is none.
   */
  restart: oc.errors(errors).output(NetworkReport),
}
