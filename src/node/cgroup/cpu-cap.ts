/**
 * Caps the processor time of one process and all its threads. One port over control groups version 1 and 2; when
 * neither can be used by this user, `available` is false and says why.
 */
export interface CpuCapPort {
  readonly available: boolean
  readonly reason: string
  /** `percent` of one CPU, null for no cap. `name` and `pid` name the group. Returns what the kernel reads back. */
  set(name: string, pid: number, percent: number | null): number | null
  get(name: string, pid: number): number | null
  /** Removes the group of a process that is gone; nothing happens when there is none. */
  release(name: string, pid: number): void
  /** Removes the groups of guests whose process is gone and that no host was there to release. */
  sweep(): void
}

/** A quota in microseconds of processor time per period (Linux, Documentation/scheduler/sched-bwc.rst). */
export interface Bandwidth {
  readonly quotaUs: number
  readonly periodUs: number
}

/**
 * 20 ms periods keep a capped guest's screen and network smooth: at 30 % it waits 14 ms at most instead of 70. The
 * kernel refuses quotas under 1 ms, so small caps take a period of 100 ms.
 */
export function bandwidthOf(percent: number): Bandwidth {
  const periodUs = percent >= 10 ? 20_000 : 100_000
  return { periodUs, quotaUs: Math.max(1_000, Math.round((percent * periodUs) / 100)) }
}

export function percentOf({ quotaUs, periodUs }: Bandwidth): number {
  return Math.round((quotaUs / periodUs) * 10_000) / 100
}

export function unavailableCpuCap(reason: string): CpuCapPort {
  return { available: false, reason, set: () => null, get: () => null, release: () => undefined, sweep: () => undefined }
}
