import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { guestSlice } from '../process/detached.ts'
import { runProgram } from '../process/run-program.ts'
import { isWritable, removeGroup, sweepGroups } from './cgroup-v1.ts'
import { bandwidthOf, defaultWeight, percentOf, type CpuCapPort } from './cpu-cap.ts'
import { balance, rebalance, weightTogether, type WeightFile } from './group-weight.ts'
import { readOr } from './read-or.ts'

export interface CgroupV2Options {
  /** Reads a process's group: the line `0::PATH` of /proc/PID/cgroup. */
  readonly pathOf?: (pid: number) => string | null
  readonly userScopes: boolean
  /** Sets the weight of a scope or slice, which belongs to the user's systemd and not to the process in it. */
  readonly setUnitWeight?: (unit: string, weight: number) => Promise<void>
  readonly userId?: number
}

const weights: WeightFile = { name: 'cpu.weight', normal: defaultWeight, most: 10_000 }

/**
 * Version 2 (Linux, Documentation/admin-guide/cgroup-v2.rst, "CPU Interface Files"): cpu.max and cpu.weight of a group
 * that holds only this process. Two places are tried:
 *  - the process's own delegated scope, as made by `systemd-run --user --scope -p Delegate=yes` (see detached.ts):
 *    a child group `vm` takes the cap, because a group with controllers for its children may hold no process itself;
 *    the weight is the scope's own, since the child has nobody beside it to be weighed against;
 *  - `<root>/diptych/<name>-<pid>`, when this user (root) may make groups there.
 * `root` is where the hierarchy is mounted. Null where `cgroupV2Obstacle` names a reason.
 */
export function cgroupV2CpuCap(root: string, options: CgroupV2Options): CpuCapPort | null {
  if (cgroupV2Obstacle(root, options) !== null) return null
  const mayMake = mayMakeGroups(root)
  const { pathOf = groupPath, setUnitWeight = systemdWeight } = options
  const scopeOf = (pid: number): string | null => {
    const own = pathOf(pid)
    const scope = own === null ? null : own.endsWith('.scope/vm') ? own.slice(0, -3) : own
    return scope !== null && /^diptych-.*\.scope$/.test(basename(scope)) && isWritable(join(root, scope)) ? join(root, scope) : null
  }
  const common = join(root, 'diptych')
  const groupOf = (name: string, pid: number): { parent: string; group: string } | null => {
    const scope = scopeOf(pid)
    if (scope !== null) return { parent: scope, group: join(scope, 'vm') }
    return mayMake ? { parent: common, group: join(common, `${name}-${pid}`) } : null
  }
  const demandGroup = async (name: string, pid: number) => {
    const place = groupOf(name, pid)
    if (place === null) throw new Error(`process ${pid} runs in no control group that this user may limit`)
    if (place.parent === common) enableCpu(root)
    else if (!words(place.parent, 'cgroup.controllers').includes('cpu')) throw new Error(`${basename(place.parent)} was made without the cpu controller: ${notDelegated}`)
    mkdirSync(place.group, { recursive: true })
    // First out of the parent: a group with processes of its own may not enable controllers for its children.
    if (!words(place.group, 'cgroup.procs').includes(String(pid))) await writeFile(join(place.group, 'cgroup.procs'), String(pid))
    if (place.parent !== common) for (const other of words(place.parent, 'cgroup.procs')) await enterIfThere(place.group, other)
    enableCpu(place.parent)
    return place
  }
  const read = (group: string) => {
    const [quota = 'max', period = '100000'] = words(group, 'cpu.max')
    return quota === 'max' ? null : percentOf({ quotaUs: Number(quota), periodUs: Number(period) })
  }
  const readWeight = (group: string) => Number(readOr(join(group, weights.name), String(defaultWeight)))
  /** systemd answers before it has written the file. */
  const setUnit = async (group: string, weight: number) => {
    await setUnitWeight(basename(group), weight)
    for (let turn = 0; turn < 50 && readWeight(group) !== weight; turn += 1) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const getWeight = (name: string, pid: number) => ({ weight: readWeight(scopeOf(pid) ?? groupOf(name, pid)?.group ?? ''), note: null })
  return {
    available: true,
    reason: `Control groups version 2 (${mayMake ? root : 'a systemd user scope per guest'}).`,
    get: (name, pid) => {
      const place = groupOf(name, pid)
      return place === null ? null : read(place.group)
    },
    set: async (name, pid, percent) => {
      const { group } = await demandGroup(name, pid)
      const bandwidth = percent === null ? null : bandwidthOf(percent)
      writeFileSync(join(group, 'cpu.max'), bandwidth === null ? 'max' : `${bandwidth.quotaUs} ${bandwidth.periodUs}`)
      return read(group)
    },
    getWeight,
    setWeight: async (name, pid, weight) => {
      const scope = scopeOf(pid)
      if (scope === null) {
        const { parent, group } = await demandGroup(name, pid)
        writeFileSync(join(group, weights.name), String(weight))
        balance(parent, weights)
      } else {
        await setUnit(scope, weight)
        const slice = dirname(scope)
        const together = basename(slice) === guestSlice ? weightTogether(slice, weights) : null
        if (together !== null && readWeight(slice) !== together) await setUnit(slice, together)
      }
      return getWeight(name, pid)
    },
    throttledMs: (name, pid) => {
      const place = groupOf(name, pid)
      const microseconds = place === null ? undefined : /^throttled_usec (\d+)$/m.exec(readOr(join(place.group, 'cpu.stat'), ''))?.[1]
      return microseconds === undefined ? null : Number(microseconds) / 1_000
    },
    release: (name, pid) => removeGroup(join(common, `${name}-${pid}`), () => rebalance(common, weights)),
    sweep: () => {
      sweepGroups(common)
      rebalance(common, weights)
    },
  }
}

const notDelegated =
  "systemd has not handed the cpu controller to this user's session, as it does by itself from version 252 on; with [Service] and Delegate=cpu cpuset io memory pids in /etc/systemd/system/user@.service.d/delegate.conf it does after the next login"

/** Why this user cannot hold a guest's CPU in the hierarchy at `root`; null where nothing stands in the way. */
export function cgroupV2Obstacle(root: string, { userScopes, userId = userInfo().uid }: CgroupV2Options): string | null {
  if (!words(root, 'cgroup.controllers').includes('cpu')) return `the cpu controller is not in ${root}`
  if (mayMakeGroups(root)) return null
  if (userScopes) {
    const manager = join(root, 'user.slice', `user-${userId}.slice`, `user@${userId}.service`)
    return existsSync(manager) && !words(manager, 'cgroup.controllers').includes('cpu') ? notDelegated : null
  }
  if (isWritable(root)) return `${root} holds processes of its own, so it cannot hand the cpu controller on (a container's root group)`
  return `this host offers neither a systemd user session nor the right to make groups in ${root}`
}

/**
 * Whether groups with the cpu controller can be made right below `root`. Only the root of the whole system, which has no
 * cgroup.type, may hand controllers to its children while it holds processes; the root that a container sees may not.
 */
function mayMakeGroups(root: string): boolean {
  if (!isWritable(root) || !isWritable(join(root, 'cgroup.subtree_control'))) return false
  return !existsSync(join(root, 'cgroup.type')) || words(root, 'cgroup.subtree_control').includes('cpu') || words(root, 'cgroup.procs').length === 0
}

function words(group: string, file: string): string[] {
  return readOr(join(group, file), '').split(/\s+/).filter((word) => word !== '')
}

/** A helper of the process that may have ended by now. */
async function enterIfThere(group: string, pid: string): Promise<void> {
  try {
    await writeFile(join(group, 'cgroup.procs'), pid)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function enableCpu(group: string): void {
  if (!words(group, 'cgroup.subtree_control').includes('cpu')) writeFileSync(join(group, 'cgroup.subtree_control'), '+cpu')
}

function groupPath(pid: number): string | null {
  return /^0::(.*)$/m.exec(readOr(`/proc/${pid}/cgroup`, ''))?.[1] ?? null
}

async function systemdWeight(unit: string, weight: number): Promise<void> {
  const { exitCode, stderr } = await runProgram('systemctl', ['--user', 'set-property', '--runtime', unit, `CPUWeight=${weight}`])
  if (exitCode !== 0) throw new Error(stderr.trim() || `systemctl ended with ${exitCode}`)
}
