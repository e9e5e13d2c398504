import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cgroupV2CpuCap, cgroupV2Obstacle } from '../../../src/node/cgroup/cgroup-v2.ts'
import { scopePrefix } from '../../../src/node/process/detached.ts'
import { until } from './fixture.ts'

const mount = readFileSync('/proc/mounts', 'utf8').split('\n').map((row) => row.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1] ?? null
const options = { userScopes: scopePrefix('probe', process.env).length > 0 }
const port = mount === null ? null : cgroupV2CpuCap(mount, options)
const why = mount === null ? 'no version 2 hierarchy is mounted here' : cgroupV2Obstacle(mount, options)

test.skipIf(port === null)(`a cap in a real version 2 hierarchy${port === null ? ` (skipped: ${why})` : ''}`, async () => {
  if (port === null || mount === null) return
  const prefix = scopePrefix(`diptych-test-${process.pid}`, process.env)
  const [program = '', ...rest] = [...prefix, 'sh', '-c', 'while :; do :; done']
  const child = spawn(program, rest, { stdio: 'ignore' })
  const pid = child.pid ?? expect.fail('the busy process did not start')
  try {
    if (prefix.length > 0) await until('its scope', () => readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes('diptych-test') || null)
    expect(await port.set('busy', pid, 20)).toBe(20)
    const group = join(mount, /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '')
    await until('the kernel to throttle it', () => Number(/^nr_throttled (\d+)$/m.exec(readFileSync(join(group, 'cpu.stat'), 'utf8'))?.[1]) > 3 || null)
    expect(await port.set('busy', pid, null)).toBeNull()
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
    port.release('busy', pid)
    await until('the group to go', () => !existsSync(group) || prefix.length > 0 || null)
  } finally {
    child.kill('SIGKILL')
  }
})
