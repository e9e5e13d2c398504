import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { runProgram } from '../process/run-program.ts'
import { isWritable, removeGroup, sweepGroups, totalOf } from './cgroup-v1.ts'
import { bandwidthOf, defaultWeight, percentOf, type CpuCapPort } from './cpu-cap.ts'
import { readOr } from './read-or.ts'

export interface CgroupV2Options {
  /** Reads a process's group: the line `0::PATH` of /proc/PID/cgroup. */
  readonly pathOf?: (pid: number) => string | null
  readonly userScopes: boolean
  /** Sets the weight of a scope, which belongs to the user's systemd and not to the process in it. */
  readonly setScopeWeight?: (unit: string, weight: number) => Promise<void>
}

/**
 * Version 2 (Linux, Documentation/admin-guide/cgroup-v2.rst, "CPU Interface Files"): cpu.max and cpu.weight of a group
 * that holds only this process. Two places are tried:
 *  - the process's own delegated scope, as made by `systemd-run --user --scope -p Delegate=yes` (see detached.ts):
 *    a child group `vm` takes the cap, because a group with controllers for its children may hold no process itself;
 *    the weight is the scope's own, since the child has nobody beside it to be weighed against;
 *  - `<root>/diptych/<name>-<pid>`, when this user (root) may make groups there.
 * `root` is where the hierarchy is mounted. Null when the hierarchy has no cpu controller.
 */
export function cgroupV2CpuCap(root: string, options: CgroupV2Options): CpuCapPort | null {
  const controllers = readOr(join(root, 'cgroup.controllers'), '').split(/\s+/)
  if (!controllers.includes('cpu')) return null
  const mayMake = isWritable(root) && isWritable(join(root, 'cgroup.subtree_control'))
  if (!mayMake && !options.userScopes) return null
  const { pathOf = groupPath, setScopeWeight = systemdWeight } = options
  const scopeOf = (pid: number): string | null => {
    const own = pathOf(pid)
    const scope = own === null ? null : own.endsWith('.scope/vm') ? own.slice(0, -3) : own
    return scope !== null && /^diptych-.*\.scope$/.test(basename(scope)) && isWritable(join(root, scope)) ? join(root, scope) : null
  }
  const groupOf = (name: string, pid: number): { parent: string; group: string } | null => {
    const scope = scopeOf(pid)
    if (scope !== null) return { parent: scope, group: join(scope, 'vm') }
    return mayMake ? { parent: join(root, 'diptych'), group: join(root, 'diptych', `${name}-${pid}`) } : null
  }
  const demandGroup = (name: string, pid: number) => {
    const place = groupOf(name, pid)
    if (place === null) throw new Error(`process ${pid} runs in no control group that this user may limit`)
    if (mayMake) enableCpu(root)
    mkdirSync(place.group, { recursive: true })
    // First out of the parent: a group with processes of its own may not enable controllers for its children.
    if (!readOr(join(place.group, 'cgroup.procs'), '').split('\n').includes(String(pid))) writeFileSync(join(place.group, 'cgroup.procs'), String(pid))
    enableCpu(place.parent)
    return place
  }
  const read = (group: string) => {
    const [quota = 'max', period = '100000'] = readOr(join(group, 'cpu.max'), 'max').trim().split(' ')
    return quota === 'max' ? null : percentOf({ quotaUs: Number(quota), periodUs: Number(period) })
  }
  const getWeight = (name: string, pid: number) => {
    const group = scopeOf(pid) ?? groupOf(name, pid)?.group ?? ''
    return { weight: Number(readOr(join(group, 'cpu.weight'), String(defaultWeight))), note: null }
  }
  return {
    available: true,
    reason: `Control groups version 2 (${mayMake ? root : 'a systemd user scope per guest'}).`,
    get: (name, pid) => {
      const place = groupOf(name, pid)
      return place === null ? null : read(place.group)
    },
    set: (name, pid, percent) => {
      const { group } = demandGroup(name, pid)
      const bandwidth = percent === null ? null : bandwidthOf(percent)
      writeFileSync(join(group, 'cpu.max'), bandwidth === null ? 'max' : `${bandwidth.quotaUs} ${bandwidth.periodUs}`)
      return read(group)
    },
    getWeight,
    setWeight: async (name, pid, weight) => {
      const scope = scopeOf(pid)
      if (scope === null) {
        const { parent, group } = demandGroup(name, pid)
        writeFileSync(join(group, 'cpu.weight'), String(weight))
        // Against everything else on this computer the guests together weigh as much as each of them by itself would.
        writeFileSync(join(parent, 'cpu.weight'), String(Math.min(10_000, totalOf(parent, 'cpu.weight'))))
      } else await setScopeWeight(basename(scope), weight)
      return getWeight(name, pid)
    },
    throttledMs: (name, pid) => {
      const place = groupOf(name, pid)
      const microseconds = place === null ? undefined : /^throttled_usec (\d+)$/m.exec(readOr(join(place.group, 'cpu.stat'), ''))?.[1]
      return microseconds === undefined ? null : Number(microseconds) / 1_000
    },
    release: (name, pid) => removeGroup(join(root, 'diptych', `${name}-${pid}`)),
    sweep: () => sweepGroups(join(root, 'diptych')),
  }
}

function enableCpu(group: string): void {
  if (!readOr(join(group, 'cgroup.subtree_control'), '').split(/\s+/).includes('cpu')) writeFileSync(join(group, 'cgroup.subtree_control'), '+cpu')
}

function groupPath(pid: number): string | null {
  return /^0::(.*)$/m.exec(readOr(`/proc/${pid}/cgroup`, ''))?.[1] ?? null
}

async function systemdWeight(unit: string, weight: number): Promise<void> {
  const { exitCode, stderr } = await runProgram('systemctl', ['--user', 'set-property', '--runtime', unit, `CPUWeight=${weight}`])
  if (exitCode !== 0) throw new Error(stderr.trim() || `systemctl ended with ${exitCode}`)
}
