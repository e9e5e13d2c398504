import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cgroupV2CpuCap, cgroupV2Obstacle, type CgroupV2Options } from './cgroup-v2.ts'
import type { CpuCapPort } from './cpu-cap.ts'

let root = ''
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'diptych-cgroup-'))))
afterEach(() => rmSync(root, { recursive: true, force: true }))
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8')
const put = (path: string, text: string) => {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), text)
}
const portOf = (options: CgroupV2Options): CpuCapPort => cgroupV2CpuCap(root, { userId: 1000, ...options }) ?? expect.fail(cgroupV2Obstacle(root, { userId: 1000, ...options }) ?? 'no reason was given')

describe('as root', () => {
  const asRoot: CgroupV2Options = { userScopes: false, pathOf: () => '/user.slice/session-1.scope' }
  beforeEach(() => {
    put('cgroup.controllers', 'cpuset cpu memory\n')
    put('cgroup.subtree_control', 'memory\n')
  })

  test('a group below diptych/, cpu enabled on the way down', async () => {
    const port = portOf(asRoot)
    expect(await port.set('linux', 42, 30)).toBe(30)
    expect(read('diptych/linux-42/cpu.max')).toBe('6000 20000')
    expect(read('diptych/linux-42/cgroup.procs')).toBe('42')
    expect(read('cgroup.subtree_control')).toBe('+cpu')
    expect(read('diptych/cgroup.subtree_control')).toBe('+cpu')
    expect(await port.set('linux', 42, null)).toBeNull()
    expect(read('diptych/linux-42/cpu.max')).toBe('max')
  })

  test('what the kernel writes back is read, limited or not', () => {
    put('diptych/linux-42/cpu.max', 'max 100000\n')
    expect(portOf(asRoot).get('linux', 42)).toBeNull()
    put('diptych/linux-42/cpu.max', '1000 20000\n')
    expect(portOf(asRoot).get('linux', 42)).toBe(5)
    expect(portOf(asRoot).get('windows', 43)).toBeNull()
  })

  test('weights are the group’s; together the guests never outweigh as many normal ones', async () => {
    const port = portOf(asRoot)
    expect(await port.setWeight('linux', 42, 300)).toEqual({ weight: 300, note: null })
    await port.setWeight('windows', 43, 50)
    expect([read('diptych/linux-42/cpu.weight'), read('diptych/windows-43/cpu.weight'), read('diptych/cpu.weight')]).toEqual(['300', '50', '200'])
    await port.setWeight('linux', 42, 10)
    expect(read('diptych/cpu.weight')).toBe('60')
  })

  test('the root group of a container, with processes in it, may not hand controllers on', async () => {
    put('cgroup.type', 'domain\n')
    put('cgroup.procs', '1\n7\n')
    expect(cgroupV2CpuCap(root, asRoot)).toBeNull()
    expect(cgroupV2Obstacle(root, asRoot)).toContain('holds processes of its own')
    put('cgroup.subtree_control', 'cpu memory\n') // somebody moved them out, enabled it, and moved on
    expect(await portOf(asRoot).set('linux', 42, 50)).toBe(50)
  })

  test('a kernel that refuses to enable the controller is heard, and nothing is called capped', async () => {
    mkdirSync(join(root, 'diptych/cgroup.subtree_control'), { recursive: true }) // a file that cannot be written
    await expect(portOf(asRoot).set('linux', 42, 30)).rejects.toThrow(/cgroup\.subtree_control/)
    expect(existsSync(join(root, 'diptych/linux-42/cpu.max'))).toBe(false)
  })
})

describe('in a systemd user session', () => {
  const manager = 'user.slice/user-1000.slice/user@1000.service'
  const slice = `${manager}/app.slice/app-diptych.slice`
  const scope = `${slice}/diptych-linux-1.scope`
  let path = ''
  const inSession = (more: Partial<CgroupV2Options> = {}): CgroupV2Options => ({ userScopes: true, pathOf: () => path, ...more })
  beforeEach(() => {
    path = `/${scope}`
    put('cgroup.controllers', 'cpu memory\n')
    put(`${manager}/cgroup.controllers`, 'cpu memory pids\n')
    put(`${scope}/cgroup.controllers`, 'cpu\n')
    put(`${scope}/cgroup.subtree_control`, '')
  })

  test('a child group of the scope takes the cap, because a group with controllers holds no process', async () => {
    const port = portOf(inSession())
    expect(await port.set('linux', 42, 100)).toBe(100)
    expect(existsSync(join(root, 'cgroup.subtree_control'))).toBe(false) // the system's root is not ours
    path = `/${scope}/vm`
    expect(port.get('linux', 42)).toBe(100)
    expect(await port.set('linux', 42, 20)).toBe(20)
    expect(existsSync(join(root, scope, 'vm', 'vm'))).toBe(false)
  })

  test('the processes leave the scope before its controllers are enabled, helpers too', async () => {
    put(`${scope}/cgroup.procs`, '42\n57\n')
    mkdirSync(join(root, scope, 'vm/cgroup.procs'), { recursive: true }) // nobody can enter
    await expect(portOf(inSession()).set('linux', 42, 50)).rejects.toThrow(/cgroup\.procs/)
    expect(read(scope, 'cgroup.subtree_control')).toBe('')
    rmSync(join(root, scope, 'vm'), { recursive: true })
    await portOf(inSession()).set('linux', 42, 50)
    expect(read(scope, 'vm/cgroup.procs')).toBe('57') // each write moves one process; the last is kept here
    expect(read(scope, 'cgroup.subtree_control')).toBe('+cpu')
  })

  test('where systemd keeps the cpu controller to itself, the reason says what would change that', () => {
    put(`${manager}/cgroup.controllers`, 'memory pids\n')
    expect(cgroupV2CpuCap(root, inSession({ userId: 1000 }))).toBeNull()
    expect(cgroupV2Obstacle(root, inSession({ userId: 1000 }))).toContain('Delegate=cpu')
  })

  test('a scope that was made without the controller is refused by name', async () => {
    put(`${scope}/cgroup.controllers`, 'memory\n')
    await expect(portOf(inSession()).set('linux', 42, 50)).rejects.toThrow(/diptych-linux-1\.scope was made without the cpu controller/)
  })

  test('the scope’s weight is asked of the user’s systemd and waited for; the guests’ slice stays a normal one', async () => {
    put(`${scope}/cpu.weight`, '100\n')
    put(`${slice}/diptych-windows-2.scope/cpu.weight`, '100\n')
    put(`${slice}/cpu.weight`, '100\n')
    const asked: string[] = []
    const setUnitWeight = async (unit: string, weight: number) => {
      asked.push(`${unit} ${weight}`)
      setTimeout(() => put(unit === 'app-diptych.slice' ? `${slice}/cpu.weight` : `${slice}/${unit}/cpu.weight`, `${weight}\n`), 30)
    }
    path = `/${scope}/vm`
    const port = portOf(inSession({ setUnitWeight }))
    expect(await port.setWeight('linux', 42, 1000)).toEqual({ weight: 1000, note: null })
    expect(asked).toEqual(['diptych-linux-1.scope 1000', 'app-diptych.slice 200'])
    expect(existsSync(join(root, scope, 'vm', 'cpu.weight'))).toBe(false)
    expect(await port.setWeight('linux', 42, 500)).toEqual({ weight: 500, note: null })
    expect(asked.at(-1)).toBe('diptych-linux-1.scope 500') // the slice weighs 200 as before
  })
})

test('without the cpu controller it is not taken', () => {
  put('cgroup.controllers', 'memory\n')
  expect(cgroupV2CpuCap(root, { userScopes: true })).toBeNull()
  expect(cgroupV2Obstacle(root, { userScopes: true })).toContain('cpu controller')
})
