import { readFileSync } from 'node:fs'
import { scopePrefix } from '../process/detached.ts'
import { cgroupV1CpuCap } from './cgroup-v1.ts'
import { cgroupV2CpuCap, cgroupV2Obstacle } from './cgroup-v2.ts'
import type { CpuCapPort } from './cpu-cap.ts'
import { niceOnly } from './nice.ts'

/**
 * The way this host can cap a guest's CPU. A controller is mounted in version 1 or in version 2, never both, so the
 * cpu controller's own mount decides. `mounts` is the text of /proc/mounts.
 */
export function findCpuCap(env: NodeJS.ProcessEnv, mounts = readFileSync('/proc/mounts', 'utf8')): CpuCapPort {
  const rows = mounts.split('\n').map((row) => row.split(' '))
  const v1 = rows.find(([, , type, options]) => type === 'cgroup' && options?.split(',').includes('cpu') === true)?.[1]
  if (v1 !== undefined) {
    return cgroupV1CpuCap(v1) ?? niceOnly(`The CPU cap needs a writable control group, but ${v1} belongs to root; use control groups version 2 with a systemd user session.`)
  }
  const v2 = rows.find(([, , type]) => type === 'cgroup2')?.[1]
  if (v2 === undefined) return niceOnly('The CPU cap needs control groups, and none are mounted on this host.')
  const options = { userScopes: scopePrefix('probe', env).length > 0 }
  return cgroupV2CpuCap(v2, options) ?? niceOnly(`The CPU cap needs the cpu controller of control groups version 2: ${cgroupV2Obstacle(v2, options)}.`)
}
