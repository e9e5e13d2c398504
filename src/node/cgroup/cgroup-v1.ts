import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bandwidthOf, defaultWeight, percentOf, type CpuCapPort } from './cpu-cap.ts'
import { balance, rebalance, type WeightFile } from './group-weight.ts'
import { readOr } from './read-or.ts'

/** What version 1 calls the default weight: cpu.shares of 1024 (Linux, Documentation/scheduler/sched-design-CFS.rst). */
const defaultShares = 1024
const shares: WeightFile = { name: 'cpu.shares', normal: defaultShares, most: 262_144 }

/**
 * Version 1: groups `<controller>/diptych/<name>-<pid>` with cpu.cfs_quota_us, cpu.cfs_period_us and cpu.shares. `root`
 * is where the cpu controller is mounted. Null when this user may not make groups there.
 */
export function cgroupV1CpuCap(root: string): CpuCapPort | null {
  if (!existsSync(join(root, 'cpu.cfs_quota_us')) || !isWritable(root)) return null
  const parent = join(root, 'diptych')
  const groupOf = (name: string, pid: number) => join(parent, `${name}-${pid}`)
  const enter = async (group: string, pid: number) => {
    // cgroup.procs moves every thread of the process, and later ones are born in the group.
    if (!readOr(join(group, 'cgroup.procs'), '').split('\n').includes(String(pid))) await writeFile(join(group, 'cgroup.procs'), String(pid))
  }
  const get = (name: string, pid: number) => {
    const group = groupOf(name, pid)
    const quotaUs = Number(readOr(join(group, 'cpu.cfs_quota_us'), '-1'))
    const periodUs = Number(readOr(join(group, 'cpu.cfs_period_us'), '100000'))
    return quotaUs < 0 ? null : percentOf({ quotaUs, periodUs })
  }
  const getWeight = (name: string, pid: number) => ({ weight: weightOfShares(Number(readOr(join(groupOf(name, pid), 'cpu.shares'), String(defaultShares)))), note: null })
  return {
    available: true,
    reason: `Control groups version 1 (${root}).`,
    get,
    set: async (name, pid, percent) => {
      const group = groupOf(name, pid)
      mkdirSync(group, { recursive: true })
      // No quota while the period changes: the kernel checks the pair after each write.
      writeFileSync(join(group, 'cpu.cfs_quota_us'), '-1')
      if (percent !== null) {
        const { quotaUs, periodUs } = bandwidthOf(percent)
        writeFileSync(join(group, 'cpu.cfs_period_us'), String(periodUs))
        writeFileSync(join(group, 'cpu.cfs_quota_us'), String(quotaUs))
      }
      await enter(group, pid)
      return get(name, pid)
    },
    getWeight,
    setWeight: async (name, pid, weight) => {
      const group = groupOf(name, pid)
      mkdirSync(group, { recursive: true })
      writeFileSync(join(group, 'cpu.shares'), String(sharesOf(weight)))
      await enter(group, pid)
      balance(parent, shares)
      return getWeight(name, pid)
    },
    throttledMs: (name, pid) => {
      const nanoseconds = /^throttled_time (\d+)$/m.exec(readOr(join(groupOf(name, pid), 'cpu.stat'), ''))?.[1]
      return nanoseconds === undefined ? null : Number(nanoseconds) / 1e6
    },
    release: (name, pid) => removeGroup(groupOf(name, pid), () => rebalance(parent, shares)),
    sweep: () => {
      sweepGroups(parent)
      rebalance(parent, shares)
    },
  }
}

function sharesOf(weight: number): number {
  return Math.max(2, Math.round((weight * defaultShares) / defaultWeight))
}

function weightOfShares(shares: number): number {
  return Math.max(1, Math.round((shares * defaultWeight) / defaultShares))
}

export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Removes a group that is empty or about to be: a process that ended still counts until its parent has reaped it, so
 * a refusal is tried again three times within a second. `gone` is told when it is not there any more.
 */
export function removeGroup(path: string, gone: () => void, retryAfterMs: readonly number[] = [30, 200, 700]): void {
  const [next, ...later] = retryAfterMs
  if (removed(path)) gone()
  else if (next !== undefined) setTimeout(() => removeGroup(path, gone, later), next).unref()
}

/** Removes the groups `<name>-<pid>` below `parent` whose process is gone. */
export function sweepGroups(parent: string): void {
  if (!existsSync(parent)) return
  for (const name of readdirSync(parent)) {
    const pid = /-(\d+)$/.exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removed(join(parent, name))
  }
}

function removed(path: string): boolean {
  try {
    rmdirSync(path)
    return true
  } catch {
    return !existsSync(path) // else the kernel still counts a process in it
  }
}
