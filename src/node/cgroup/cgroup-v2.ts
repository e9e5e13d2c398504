import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isWritable, removeGroup, sweepGroups } from './cgroup-v1.ts'
import { bandwidthOf, percentOf, type CpuCapPort } from './cpu-cap.ts'

/**
 * Version 2 (Linux, Documentation/admin-guide/cgroup-v2.rst, "CPU Interface Files"): cpu.max of a group that holds
 * only this process. Two places are tried:
 *  - the process's own delegated scope, as made by `systemd-run --user --scope -p Delegate=yes` (see detached.ts):
 *    a child group `vm`, because a group with controllers for its children may hold no process itself;
 *  - `<root>/diptych/<name>-<pid>`, when this user (root) may make groups there.
 * `root` is where the hierarchy is mounted; `pathOf` reads a process's group (the line `0::PATH` of /proc/PID/cgroup).
 * Null when the hierarchy has no cpu controller.
 */
export function cgroupV2CpuCap(root: string, options: { pathOf?: (pid: number) => string | null; userScopes: boolean }): CpuCapPort | null {
  const controllers = readOr(join(root, 'cgroup.controllers'), '').split(/\s+/)
  if (!controllers.includes('cpu')) return null
  const mayMake = isWritable(root) && isWritable(join(root, 'cgroup.subtree_control'))
  if (!mayMake && !options.userScopes) return null
  const pathOf = options.pathOf ?? groupPath
  const groupOf = (name: string, pid: number): { parent: string; group: string } | null => {
    const own = pathOf(pid)
    const scope = own === null ? null : own.endsWith('.scope/vm') ? own.slice(0, -3) : own
    if (scope !== null && /^diptych-.*\.scope$/.test(basename(scope)) && isWritable(join(root, scope))) {
      return { parent: join(root, scope), group: join(root, scope, 'vm') }
    }
    return mayMake ? { parent: join(root, 'diptych'), group: join(root, 'diptych', `${name}-${pid}`) } : null
  }
  const read = (group: string) => {
    const [quota = 'max', period = '100000'] = readOr(join(group, 'cpu.max'), 'max').trim().split(' ')
    return quota === 'max' ? null : percentOf({ quotaUs: Number(quota), periodUs: Number(period) })
  }
  return {
    available: true,
    reason: `Control groups version 2 (${mayMake ? root : 'a systemd user scope per guest'}).`,
    get: (name, pid) => {
      const place = groupOf(name, pid)
      return place === null ? null : read(place.group)
    },
    set: (name, pid, percent) => {
      const place = groupOf(name, pid)
      if (place === null) throw new Error(`process ${pid} runs in no control group that this user may limit`)
      if (mayMake) enableCpu(root)
      mkdirSync(place.group, { recursive: true })
      // First out of the parent: a group with processes of its own may not enable controllers for its children.
      writeFileSync(join(place.group, 'cgroup.procs'), String(pid))
      enableCpu(place.parent)
      const bandwidth = percent === null ? null : bandwidthOf(percent)
      writeFileSync(join(place.group, 'cpu.max'), bandwidth === null ? 'max' : `${bandwidth.quotaUs} ${bandwidth.periodUs}`)
      return read(place.group)
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

function readOr(path: string, otherwise: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : otherwise
}
