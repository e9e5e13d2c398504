/**
 * Holds the processor time of one process and all its threads: a cap, and a weight against others. One port over control
 * groups version 1 and 2; where neither can be used by this user, `available` is false and says why, and only a weight
 * is left, by nice(2). `name` and `pid` name the group. What a setter answers is read back from the kernel.
 *
 * Moving a process into its group waits for every processor of the computer (cgroup_threadgroup_rwsem): some 10 ms, in
 * which the caller's thread must not stand still.
 */
export interface CpuCapPort {
  readonly available: boolean
  readonly reason: string
  /** `percent` of one CPU, null for no cap. */
  set(name: string, pid: number, percent: number | null): Promise<number | null>
  get(name: string, pid: number): number | null
  /** `weight` 1 to 10 000, 100 is the default: twice the weight gets twice the time while both want it. */
  setWeight(name: string, pid: number, weight: number): Promise<WeightReading>
  getWeight(name: string, pid: number): WeightReading
  /** How long the cap has held the process's threads back, all together, since the group was made; null without a group. */
  throttledMs(name: string, pid: number): number | null
  /** Removes the group of a process that is gone; nothing happens when there is none. */
  release(name: string, pid: number): void
  /** Removes the groups of guests whose process is gone and that no host was there to release. */
  sweep(): void
}

/** The weight in force, and what to know of it: null when the kernel takes weights as they are asked. */
export interface WeightReading {
  readonly weight: number
  readonly note: string | null
}

export const defaultWeight = 100

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
