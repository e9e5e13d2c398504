import { accessSync, constants, existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bandwidthOf, percentOf, type CpuCapPort } from './cpu-cap.ts'

/**
 * Version 1: groups `<controller>/diptych/<name>-<pid>` with cpu.cfs_quota_us and cpu.cfs_period_us. `root` is where
 * the cpu controller is mounted. Null when this user may not make groups there.
 */
export function cgroupV1CpuCap(root: string): CpuCapPort | null {
  if (!existsSync(join(root, 'cpu.cfs_quota_us')) || !isWritable(root)) return null
  const parent = join(root, 'diptych')
  const groupOf = (name: string, pid: number) => join(parent, `${name}-${pid}`)
  const get = (name: string, pid: number) => {
    const group = groupOf(name, pid)
    if (!existsSync(group)) return null
    const quotaUs = Number(readFileSync(join(group, 'cpu.cfs_quota_us'), 'utf8'))
    const periodUs = Number(readFileSync(join(group, 'cpu.cfs_period_us'), 'utf8'))
    return quotaUs < 0 ? null : percentOf({ quotaUs, periodUs })
  }
  return {
    available: true,
    reason: `Control groups version 1 (${root}).`,
    get,
    set: (name, pid, percent) => {
      const group = groupOf(name, pid)
      mkdirSync(group, { recursive: true })
      // No quota while the period changes: the kernel checks the pair after each write.
      writeFileSync(join(group, 'cpu.cfs_quota_us'), '-1')
      if (percent !== null) {
        const { quotaUs, periodUs } = bandwidthOf(percent)
        writeFileSync(join(group, 'cpu.cfs_period_us'), String(periodUs))
        writeFileSync(join(group, 'cpu.cfs_quota_us'), String(quotaUs))
      }
      // cgroup.procs moves every thread of the process, and later ones are born in the group.
      writeFileSync(join(group, 'cgroup.procs'), String(pid))
      return get(name, pid)
    },
    release: (name, pid) => removeGroup(groupOf(name, pid)),
    sweep: () => sweepGroups(parent),
  }
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
 * a refusal is tried again three times within a second.
 */
export function removeGroup(path: string, retryAfterMs: readonly number[] = [30, 200, 700]): void {
  const [next, ...later] = retryAfterMs
  if (removed(path) || next === undefined) return
  setTimeout(() => removeGroup(path, later), next).unref()
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
