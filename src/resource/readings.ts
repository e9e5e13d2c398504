import type { Control } from '../contract/control.ts'
import type { GuestKind } from '../contract/guest.ts'
import type { BalloonReading, CpuWeightReading, DiskLimits, VcpuReading } from '../engine/engine.ts'

/** What was asked of the sliders; null: nothing, or no limit. Units as in the contract's Control. */
export interface Requested {
  /** null: as many as the definition says. */
  readonly vcpus: number | null
  readonly cpuCap: number | null
  readonly cpuWeight: number
  /** null: all that the guest booted with. */
  readonly memory: number | null
  readonly diskIops: number | null
  readonly diskBandwidth: number | null
  readonly linkBandwidth: number | null
}

/** How the guest answers the last request that only it can carry out. */
export interface Following {
  readonly status: Control['status']
  readonly note: string | null
}

export const settled: Following = { status: 'settled', note: null }

/** What this host and this guest's machine can do; each reason null where nothing stands in the way. */
export interface Limits {
  readonly kind: GuestKind
  readonly accelerator: 'kvm' | 'tcg'
  /** Why no vCPU can be plugged into it while it runs. */
  readonly plugUnavailable: string | null
  readonly hostCpus: number
  readonly vcpus: number
  readonly maximumVcpus: number
  readonly bootMemoryMiB: number
  readonly maximumMemoryMiB: number
  readonly cpuCapUnavailable: string | null
  readonly balloonUnavailable: string | null
}

/** The most this guest may be promised before the host's budget is spent. */
export interface Room {
  readonly memoryMiB: number
  readonly cpuPercent: number
}

export type MemoryReading = Pick<BalloonReading, 'actualMiB' | 'guestTotalMiB' | 'guestAvailableMiB'>

/** Everything the sliders of one guest show, as it was last read; null where nothing was read yet, or nothing runs. */
export interface ControlReadings {
  readonly running: boolean
  readonly limits: Limits
  readonly requested: Requested
  readonly room: Room | null
  readonly vcpus: VcpuReading | null
  readonly vcpuFollowing: Following
  readonly cpuCap: number | null
  readonly cpuWeight: CpuWeightReading | null
  readonly balloon: MemoryReading | null
  /** The last one taken while the memory did not move. */
  readonly steady: MemoryReading | null
  readonly memoryFollowing: Following
  readonly diskLimits: DiskLimits | null
  readonly linkBandwidth: number | null
}

/** Percent of one CPU that a guest is promised: its vCPUs, or its cap where that is less. */
export function promisedCpuPercent(vcpus: number, cpuCap: number | null): number {
  return Math.min(vcpus * 100, cpuCap ?? Infinity)
}
