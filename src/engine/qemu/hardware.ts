import type { EngineDescription } from '../engine.ts'
import type { JsonObject } from './json.ts'

/** The id of the optical drive, for QMP. */
export const discDrive = 'cd0'

export type Accelerator = EngineDescription['accelerator']['kind']

/**
 * What tells one hardware profile's machine from another's. Everything else is the same: the ids of disk, cards, balloon and
 * agent, and where sockets and files are. Devices are in QMP's form; the command line writes them as options.
 */
export interface Hardware {
  /** The versioned machine type, and its options. */
  readonly machine: readonly [type: string, options: Readonly<Record<string, string>>]
  readonly cpu: string
  readonly clock: string
  readonly globals: readonly string[]
  /** PCI Express slots that take devices while the guest runs, for balloon and cards; without them these sit on the bus itself. */
  readonly hasSlots: boolean
  /** The driver of the disk `blk0`, and its place. */
  readonly disk: JsonObject
  /** The places of the optical drive and of the drive for drivers. */
  readonly discs: readonly [JsonObject, JsonObject]
  /** What carries frames of 64 KiB is told so. */
  readonly card: { readonly driver: string; readonly jumbo: boolean }
  readonly video: JsonObject
  readonly input: readonly JsonObject[]
  /** Paravirtual balloon, entropy, memory growth, clipboard port and generation id. */
  readonly isParavirtual: boolean
}

/** SMAP must stay off under emulation: with it Wine guests oops on QEMU 7.2 (isolated by trial), hence no `max`. */
export const emulatedCpu = 'qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16'
