import type { ClipboardMode } from '../contract/guest.ts'
import type { BootFrom, Firmware, HardwareProfile } from '../contract/hardware.ts'
import type { GuestName, MacAddress, NetworkName } from '../contract/names.ts'
import type { GuestAgent } from './agent.ts'

/**
 * The interface every hypervisor driver implements. QEMU is the first; libvirt (Xen, remote hosts) comes later
 * behind the same one, so nothing here names QMP, VNC sockets' protocols or QEMU options.
 *
 * A Machine is one run of one guest. It outlives the host that started it: `dispose` only lets go of it,
 * `adopt` finds it again. Exactly one owner (src/guest) calls a Machine's methods, one at a time.
 */
export interface Engine {
  /** Asked once at host start; never asks a guest. */
  describe(): Promise<EngineDescription>
  /** Starts a machine. Rejects with EngineFault; then nothing of the attempt is left running. */
  start(spec: MachineSpec, options: StartOptions): Promise<Machine>
  /** Finds the machines left running by an earlier host: pid, start time and greeting must all agree. */
  adopt(): Promise<Adoption[]>
  /** What a warm state must match to be started here: engine version, accelerator, hardware, image identity. */
  warmKey(spec: MachineSpec): Promise<string>
}

export interface EngineDescription {
  readonly version: string
  readonly accelerator: { readonly kind: 'kvm' | 'tcg'; readonly reason: string }
  readonly cpuCap: { readonly available: boolean; readonly reason: string }
  /** yes, or the reason why not, for each thing a guest may be asked to do. */
  readonly capabilities: Readonly<Record<Capability, true | string>>
}
export type Capability = 'warmStart' | 'balloon' | 'freePageReporting' | 'netReconnect' | 'clipboard' | 'screenshotPng' | 'memoryGrowth'

export interface MachineSpec {
  readonly name: GuestName
  readonly uuid: string
  readonly profile: HardwareProfile
  readonly vcpus: number
  readonly memoryMiB: number
  /** What it can be given while it runs; undefined: no more than the above. */
  readonly maximumVcpus?: number
  readonly maximumMemoryMiB?: number
  /** Its network cards, in the order the guest finds them. */
  readonly nics: readonly MachineNic[]
  /** The guest's own qcow2 (never a template's). */
  readonly diskPath: string
  /** sha256 or other identity of the disk's frozen base; part of the warm key. */
  readonly imageId: string
  readonly boot:
    | { readonly kind: 'disk'; readonly firmware: Firmware; readonly first?: BootFrom }
    | { readonly kind: 'kernel'; readonly kernelPath: string; readonly initrdPath: string; readonly commandLine: string }
  /** The disc in the optical drive, null for an empty drive; undefined for a machine without one. */
  readonly discPath?: string | null
  /** A second drive with this disc of paravirtual drivers; the disk and the cards are then of the kind it is for. */
  readonly driverDiscPath?: string | null
  readonly secureBoot?: boolean
  /** A TPM 2.0, its state kept beside the disk. */
  readonly tpm?: boolean
  /** Handed to the guest as firmware configuration `opt/diptych/<key>`. */
  readonly parameters: Readonly<Record<string, string>>
  readonly clipboard: ClipboardMode
  readonly screen: { readonly width: number; readonly height: number }
  /** false: no balloon, because its memory is a private mapping of a template's file, into which one would punch holes. */
  readonly balloon?: boolean
}

/** A network card, and where its cable goes: to a port of the switch, or to the host's own network (`uplink`). */
export type MachineNic =
  | { readonly kind: 'switch'; readonly mac: MacAddress; readonly network: NetworkName; readonly socketPath: string }
  | { readonly kind: 'uplink'; readonly mac: MacAddress }

export interface StartOptions {
  /**
   * cold: power-on. savable: power-on for a first warm state (`save`). warm: from the state in `directory`, with a fresh
   * disk. restored: from what `saveState` wrote into `directory`, with the guest's own disk, which must be as it was then.
   * cloned: a new machine that goes on from a template's memory, its own disk standing on the template's; cards are plugged in.
   * The directories are never modified (each run gets its own copy of what it may write to).
   */
  readonly from: { readonly kind: 'cold' } | { readonly kind: 'savable' } | { readonly kind: 'warm'; readonly directory: string } | { readonly kind: 'restored' | 'cloned'; readonly directory: string }
  /** A restored machine is loaded and has not run yet; when this rejects, it never does and the start fails. */
  readonly beforeRunning?: () => Promise<void>
  readonly signal?: AbortSignal
}

export interface Adoption {
  readonly spec: MachineSpec
  readonly machine: Machine
  readonly status: MachineStatus
}

export type MachineStatus = 'running' | 'paused' | 'starting' | 'shutdown' | 'crashed'

export type MachineEvent =
  | { readonly type: 'paused' }
  | { readonly type: 'resumed' }
  | { readonly type: 'reset' }
  | { readonly type: 'powering-down' }
  /** The guest's agent opened or closed its port. */
  | { readonly type: 'agent'; readonly open: boolean }
  | { readonly type: 'balloon'; readonly actualMiB: number }
  /** The guest wrote one line to its serial console (bounded length, control characters stripped). */
  | { readonly type: 'console'; readonly line: string }
  /** A disk could not be read or written. `paused`: the guest stands still and tries again when it is resumed. */
  | { readonly type: 'disk-fault'; readonly text: string; readonly paused: boolean }
  | { readonly type: 'fault'; readonly text: string }
  /** The last event: the machine is gone. `expected` after quit, power-down or the guest's own shutdown. */
  | { readonly type: 'exited'; readonly expected: boolean; readonly detail: string }

export interface Machine {
  readonly spec: MachineSpec
  /** When the process was started (also for an adopted one), epoch milliseconds. */
  readonly startedAtMs: number
  readonly boot: 'cold' | 'warm' | 'restored' | 'cloned'
  /** Whether the guest has been told that its memory comes from elsewhere; outlives the host that told it. */
  readonly awakened: boolean
  noteAwakened(): void
  /** It goes on from saved memory, and its host was killed before it ran: it stands still until somebody who may resumes it. */
  readonly standsLoaded: boolean
  readonly processId: number
  readonly agent: GuestAgent
  /** Path of a unix socket that speaks RFB; many clients may connect. */
  readonly screenSocketPath: string
  readonly logPaths: { readonly serial: string; readonly engine: string }

  subscribe(listener: (event: MachineEvent) => void): () => void
  status(): Promise<MachineStatus>
  pause(): Promise<void>
  resume(): Promise<void>
  reset(): Promise<void>
  /** Presses the power button; the guest decides. */
  powerDown(): Promise<void>
  /** Ends the machine at once, flushing its disks. Resolves when the process is gone. */
  quit(): Promise<void>
  sendKeys(qcodes: readonly string[], holdMs: number): Promise<void>
  screenshot(): Promise<{ png: Uint8Array; width: number; height: number }>
  setClipboard(mode: ClipboardMode): Promise<void>
  /** Asks for an amount of memory, at most `maximumMemoryMiB`; follow `balloon()` to see what the guest does. */
  setMemory(targetMiB: number): Promise<void>
  balloon(): Promise<BalloonReading>
  /**
   * Asks for a number of vCPUs, at most `maximumVcpus`; follow `vcpus()` to see what the guest does. Asking again while it
   * has not followed helps it along: vCPUs that it sees but leaves offline are brought online through its agent.
   */
  setVcpus(count: number): Promise<void>
  vcpus(): Promise<VcpuReading>
  /** Holds its disks together to the limits. Returns what is in force, read back from the engine. */
  setDiskLimits(limits: DiskLimits): Promise<DiskLimits>
  diskLimits(): Promise<DiskLimits>
  /** Percent of one host CPU, null for no cap. Returns what is in force, read back from the kernel. */
  setCpuCap(percent: number | null): Promise<number | null>
  cpuCap(): Promise<number | null>
  /** Its weight against other guests, 1 to 10 000, 100 for everybody by default. Returns what is in force, read back from the kernel. */
  setCpuWeight(weight: number): Promise<CpuWeightReading>
  cpuWeight(): Promise<CpuWeightReading>
  usage(): Promise<MachineUsage>
  /** Pauses, writes the warm state into `directory` (made atomically), resumes. Only for `savable` machines. */
  save(directory: string): Promise<{ pausedMs: number }>
  /** Writes the whole machine except its disk, so that it can be started `restored`. Any machine can be saved so. */
  saveState(request: SaveStateRequest): Promise<SavedReport>
  /** Names the disk as it is now; the guest goes on. See `whileFrozen` for one that is ready for it. */
  takeDiskSnapshot(name: string): Promise<void>
  deleteDiskSnapshot(name: string): Promise<void>
  /**
   * Begins to copy the whole disk into a new qcow2 at `path` that stands alone. The machine goes on throughout and waits for
   * nothing of it; until the copy is taken or abandoned it cannot be saved, and its disk's snapshots stay as they are.
   */
  beginDiskCopy(path: string): Promise<DiskCopy>
  /** Makes a template of the machine, which goes on as before: its disk and, if asked, its memory at one instant. */
  makeTemplate(request: TemplateRequest): Promise<TemplateReport>
  /** Copies what its disk shares with a frozen one into it, while it runs. */
  flattenDisk(progress: (fraction: number) => void, signal?: AbortSignal): Promise<void>
  /** Plugs a further card in, the last of `spec.nics` from then on. False: the machine has no slot for it. */
  plugCard(nic: MachineNic): Promise<boolean>
  /** Takes the carrier of the card with this MAC away, or gives it back. */
  linkCard(mac: MacAddress, up: boolean): Promise<void>
  /** Makes the cards on these networks connect to the switch again, after it was restarted or their ports were made anew. */
  reconnectNetwork(networks: readonly NetworkName[]): Promise<void>
  /** Puts a disc into the optical drive, null takes it out. Rejects when the guest holds the one that is in it. */
  changeDisc(path: string | null): Promise<void>
  /** Lets go without touching the machine. */
  dispose(): void
}

/** A copy of a machine's disk in the making. Ends by `take` or `abandon`, whatever became of it. */
export interface DiskCopy {
  /** Until it holds all but what is being written this moment. Rejects when the machine ends, or the copy cannot be written. */
  caughtUp(progress: (fraction: number) => void, signal?: AbortSignal): Promise<void>
  /** The copy is the disk as it is at this instant, and the machine has let go of it. */
  take(): Promise<void>
  /** Ends it and removes the file; nothing once it is taken. */
  abandon(): Promise<void>
}

export interface TemplateRequest {
  /** Made; must not exist. Removed again when making it fails. */
  readonly directory: string
  /** Whether memory and devices are taken along, so that machines can be started `cloned` from it. */
  readonly memory: boolean
  /** A frozen disk that the machine's own stands on and the template's shall too; null for one that stands alone. */
  readonly backing: string | null
  readonly progress: (detail: string, fraction: number | null) => void
  readonly signal?: AbortSignal
}

export interface TemplateReport {
  /** Whether machines can be started `cloned` from it; where that was asked for and is not so, the reason. */
  readonly live: boolean
  readonly reason: string | null
  /** How long the guest stood still. */
  readonly pausedMs: number
  readonly screen: { readonly width: number; readonly height: number } | null
}

export interface SaveStateRequest {
  /** Made; must not exist. Removed again when saving fails. */
  readonly directory: string
  /** The name under which the disk is kept as it was at the same instant; null when nothing will write to it any more. */
  readonly diskSnapshot: string | null
  /** run: goes on as before. stand: stays paused, to be ended with `quit`; its disk is not written to any more. */
  readonly afterwards: 'run' | 'stand'
  /** For several machines to wait for each other: just before it is paused, when it stands still, and when it is written. */
  readonly gates?: { ready(): Promise<void>; paused(): Promise<void>; written(): Promise<void> }
  readonly signal?: AbortSignal
}

export interface SavedReport {
  /** How long the guest stood still (with `stand`: until it was written). */
  readonly pausedMs: number
  /** When it came to stand, epoch milliseconds with fractions. */
  readonly pausedAtMs: number
  readonly wasRunning: boolean
  /** The size of `screen.png`, when there was a screen to show. */
  readonly screen: { readonly width: number; readonly height: number } | null
}

/**
 * `actualMiB` is what the guest may use: its boot memory less the balloon, and what was added since. `guest*`, the guest's
 * own words, are null while its balloon driver does not report; the balloon counts neither as total nor as used.
 */
export interface BalloonReading {
  readonly actualMiB: number
  readonly guestTotalMiB: number | null
  readonly guestAvailableMiB: number | null
  /** Since it booted: memory was short whenever it rises. */
  readonly swappedInBytes: number | null
}

export interface VcpuReading {
  /** What the machine has. */
  readonly plugged: number
  /** What the guest uses, by its agent; null when there is none to ask. */
  readonly online: number | null
}

/** Per second, over all disks of the machine; null for no limit. */
export interface DiskLimits {
  readonly iops: number | null
  readonly bytesPerSecond: number | null
}

/** `note`: what to know of how it is weighed here, null when the kernel takes weights as they are asked. */
export interface CpuWeightReading {
  readonly weight: number
  readonly note: string | null
}

/** Monotonic counters; rates are the reader's business. */
export interface MachineUsage {
  readonly cpuMs: number
  readonly residentMiB: number
  readonly diskReadBytes: number
  readonly diskWriteBytes: number
  readonly diskReads: number
  readonly diskWrites: number
  /** How long its CPU cap has held its threads back, all together; null where nobody counts. */
  readonly throttledMs: number | null
}

/** The world failed: `part` says which (qemu, qmp, agent, disk, cgroup …), `remedy` the way out when there is one. */
export class EngineFault extends Error {
  override readonly name = 'EngineFault'
  readonly part: string
  readonly remedy: string | undefined
  constructor(part: string, reason: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(reason, { cause: options.cause })
    this.part = part
    this.remedy = options.remedy
  }
}
