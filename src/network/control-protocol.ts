import { z } from 'zod'
import { GuestName, MacAddress, NetworkName, stageNetwork } from '../contract/names.ts'
import { HttpLine, PortMeter } from '../contract/network.ts'

/** The control socket speaks JSON lines: a greeting, then numbered requests and their answers, and events. */
export const PROTOCOL_VERSION = 2
/** A longer line ends the connection. */
export const MAX_LINE_BYTES = 4_194_304

/** What the greeting of every version has had, and will have. */
export const AnyGreeting = z.object({ diptych: z.literal('switch'), version: z.number().int() })

export const Greeting = z.object({
  diptych: z.literal('switch'),
  version: z.number().int(),
  processId: z.number().int(),
  /** Made anew by every switch process: the one in switch.json must greet. */
  instance: z.string(),
  /** Those of the stage's network. */
  subnet: z.string(),
  gateway: z.string(),
  domain: z.string(),
})
export type Greeting = z.infer<typeof Greeting>

/** Rates from 8 kbit/s to 100 Gbit/s. */
const BitsPerSecond = z.number().min(8_000).max(100_000_000_000).nullable()
const Share = z.number().min(0).max(1)

export const LinkConditionsSchema = z.object({
  bitsPerSecond: BitsPerSecond,
  latencyMs: z.number().min(0).max(10_000),
  jitterMs: z.number().min(0).max(10_000),
  loss: Share,
  reorder: Share,
})

/** Which network is meant; the stage's when it is not said. */
const network = NetworkName.default(stageNetwork)

const PortDefinition = z.object({
  network,
  guest: GuestName,
  mac: MacAddress,
  mtu: z.number().int().min(576).max(65_520).default(65_520),
  pinned: z.boolean().default(true),
  bootUrl: z.string().max(255).regex(/^[\x21-\x7e]+$/, 'a URL of printable characters').nullable().default(null),
  uplink: z.boolean().default(false),
})

const LinkChange = z.object({
  up: z.boolean().optional(),
  bitsPerSecond: BitsPerSecond.optional(),
  tx: LinkConditionsSchema.partial().optional(),
  rx: LinkConditionsSchema.partial().optional(),
})
export type LinkChangeRequest = z.infer<typeof LinkChange>

const request = <Method extends string, Params extends z.ZodType>(method: Method, params: Params) => z.object({ id: z.number().int().nonnegative(), method: z.literal(method), params })

export const ControlRequest = z.discriminatedUnion('method', [
  request('definePort', PortDefinition),
  request('createNetwork', z.object({ name: NetworkName, subnet: z.string().max(32) })),
  request('removeNetwork', z.object({ name: NetworkName })),
  request('networks', z.object({})),
  request('removePort', z.object({ network, guest: GuestName })),
  request('setLink', z.object({ network, guest: GuestName, change: LinkChange })),
  request('ports', z.object({})),
  request('requests', z.object({ limit: z.number().int().min(1).max(2_000) })),
  request('statistics', z.object({})),
  request('subscribe', z.object({})),
  request('shutdown', z.object({})),
  // Answered like any other; then the connection carries pcapng bytes and nothing else, until the client closes it.
  request('capture', z.object({ network, guest: GuestName.nullable(), snapBytes: z.number().int().min(64).max(65_549).default(65_549) })),
  // The same, carrying a TCP connection to a guest's port.
  request('dial', z.object({ network, guest: GuestName, port: z.number().int().min(1).max(65_535) })),
])
export type ControlRequest = z.infer<typeof ControlRequest>

export const NetworkInfoSchema = z.object({ name: NetworkName, domain: z.string(), subnet: z.string(), gateway: z.string() })
export type NetworkInfo = z.infer<typeof NetworkInfoSchema>
export const PortLeaseSchema = z.object({ network: NetworkName, guest: GuestName, mac: MacAddress, ipv4: z.string(), bound: z.boolean(), socketPath: z.string() })
export const LinkStateSchema = z.object({ up: z.boolean(), bitsPerSecond: z.number().nullable(), tx: LinkConditionsSchema, rx: LinkConditionsSchema })
export const PortReport = PortLeaseSchema.extend({ link: LinkStateSchema, meter: PortMeter })
export type PortReport = z.infer<typeof PortReport>

/** Counts by reason. Of any names: a switch that runs on while the host is upgraded knows fewer reasons, or others. */
const DropCountsSchema = z.record(z.string(), z.number())
export const StatisticsSchema = z.object({
  ports: z.array(z.object({ network: NetworkName, guest: GuestName, drops: DropCountsSchema, backlogBytes: z.number(), heldBytes: z.number(), httpSampledOut: z.number().default(0), httpDisplaced: z.number().default(0) })),
  strays: DropCountsSchema,
  connections: z.number(),
  macTableEntries: z.number(),
  httpFlows: z.number(),
  httpSampledOut: z.number(),
  residentMiB: z.number(),
})

/** The result of each method, by name. */
export const ControlResult = {
  definePort: PortLeaseSchema,
  createNetwork: NetworkInfoSchema,
  removeNetwork: z.null(),
  networks: z.array(NetworkInfoSchema),
  removePort: z.null(),
  setLink: LinkStateSchema,
  ports: z.array(PortReport),
  requests: z.array(HttpLine),
  statistics: StatisticsSchema,
  subscribe: z.null(),
  shutdown: z.null(),
  capture: z.null(),
  dial: z.null(),
} as const
export type ControlMethod = keyof typeof ControlResult

export const ControlError = z.object({ code: z.enum(['not-found', 'in-use', 'exhausted', 'bad-request', 'unreachable']), message: z.string() })
export type ControlError = z.infer<typeof ControlError>

export const ControlEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('meters'), meters: z.array(PortMeter) }),
  z.object({ type: z.literal('request'), line: HttpLine }),
  z.object({ type: z.literal('lease'), lease: PortLeaseSchema }),
  z.object({ type: z.literal('port'), network: NetworkName, guest: GuestName, connected: z.boolean() }),
])
export type ControlEvent = z.infer<typeof ControlEvent>

/** Everything the switch says after its greeting. `id` null: the request could not be read far enough to know it. */
export const ControlMessage = z.union([
  z.object({ id: z.number().int(), result: z.unknown() }),
  z.object({ id: z.number().int().nullable(), error: ControlError }),
  z.object({ event: ControlEvent }),
])
