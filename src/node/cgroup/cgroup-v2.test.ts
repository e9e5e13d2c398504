import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { beforeEach, describe, expect, test } from 'vitest'
import { CgroupTree } from '../../../test/fake/cgroup-tree.ts'
import { cgroupV2CpuCap, cgroupV2Obstacle, type CgroupV2Options } from './cgroup-v2.ts'
import type { CpuCapPort } from './cpu-cap.ts'

const tree = new CgroupTree()
const portOf = (options: CgroupV2Options): CpuCapPort => cgroupV2CpuCap(tree.root, { userId: 1000, ...options }) ?? expect.fail(cgroupV2Obstacle(tree.root, { userId: 1000, ...options }) ?? 'no reason was given')

describe('as root', () => {
  const asRoot: CgroupV2Options = { userScopes: false, pathOf: () => '/user.slice/session-1.scope' }
  beforeEach(() => {
    tree.put('cgroup.controllers', 'cpuset cpu memory\n')
    tree.put('cgroup.subtree_control', 'memory\n')
  })

  test('a group below diptych/, cpu enabled on the way down', async () => {
    const port = portOf(asRoot)
    expect(await port.set('linux', 42, 30)).toBe(30)
    expect(tree.read('diptych/linux-42/cpu.max')).toBe('6000 20000')
    expect(tree.read('diptych/linux-42/cgroup.procs')).toBe('42')
    expect(tree.read('cgroup.subtree_control')).toBe('+cpu')
    expect(tree.read('diptych/cgroup.subtree_control')).toBe('+cpu')
    expect(await port.set('linux', 42, null)).toBeNull()
    expect(tree.read('diptych/linux-42/cpu.max')).toBe('max')
  })

  test('what the kernel writes back is read, limited or not', () => {
    tree.put('diptych/linux-42/cpu.max', 'max 100000\n')
    expect(portOf(asRoot).get('linux', 42)).toBeNull()
    tree.put('diptych/linux-42/cpu.max', '1000 20000\n')
    expect(portOf(asRoot).get('linux', 42)).toBe(5)
    expect(portOf(asRoot).get('windows', 43)).toBeNull()
  })

  test('weights are the group’s; together the guests never outweigh as many normal ones', async () => {
    const port = portOf(asRoot)
    expect(await port.setWeight('linux', 42, 300)).toEqual({ weight: 300, note: null })
    await port.setWeight('windows', 43, 50)
    expect([tree.read('diptych/linux-42/cpu.weight'), tree.read('diptych/windows-43/cpu.weight'), tree.read('diptych/cpu.weight')]).toEqual(['300', '50', '200'])
    await port.setWeight('linux', 42, 10)
    expect(tree.read('diptych/cpu.weight')).toBe('60')
  })

  test('the root group of a container, with processes in it, may not hand controllers on', async () => {
    tree.put('cgroup.type', 'domain\n')
    tree.put('cgroup.procs', '1\n7\n')
    expect(cgroupV2CpuCap(tree.root, asRoot)).toBeNull()
    expect(cgroupV2Obstacle(tree.root, asRoot)).toContain('holds processes of its own')
    tree.put('cgroup.subtree_control', 'cpu memory\n') // somebody moved them out, enabled it, and moved on
    expect(await portOf(asRoot).set('linux', 42, 50)).toBe(50)
  })

  test('a kernel that refuses to enable the controller is heard, and nothing is called capped', async () => {
    mkdirSync(tree.path('diptych/cgroup.subtree_control'), { recursive: true }) // a file that cannot be written
    await expect(portOf(asRoot).set('linux', 42, 30)).rejects.toThrow(/cgroup\.subtree_control/)
    expect(existsSync(tree.path('diptych/linux-42/cpu.max'))).toBe(false)
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
    tree.put('cgroup.controllers', 'cpu memory\n')
    tree.put(`${manager}/cgroup.controllers`, 'cpu memory pids\n')
    tree.put(`${scope}/cgroup.controllers`, 'cpu\n')
    tree.put(`${scope}/cgroup.subtree_control`, '')
  })

  test('a child group of the scope takes the cap, because a group with controllers holds no process', async () => {
    const port = portOf(inSession())
    expect(await port.set('linux', 42, 100)).toBe(100)
    expect(existsSync(tree.path('cgroup.subtree_control'))).toBe(false) // the system's root is not ours
    path = `/${scope}/vm`
    expect(port.get('linux', 42)).toBe(100)
    expect(await port.set('linux', 42, 20)).toBe(20)
    expect(existsSync(tree.path(scope, 'vm', 'vm'))).toBe(false)
  })

  test('the processes leave the scope before its controllers are enabled, helpers too', async () => {
    tree.put(`${scope}/cgroup.procs`, '42\n57\n')
    mkdirSync(tree.path(scope, 'vm/cgroup.procs'), { recursive: true }) // nobody can enter
    await expect(portOf(inSession()).set('linux', 42, 50)).rejects.toThrow(/cgroup\.procs/)
    expect(tree.read(scope, 'cgroup.subtree_control')).toBe('')
    rmSync(tree.path(scope, 'vm'), { recursive: true })
    await portOf(inSession()).set('linux', 42, 50)
    expect(tree.read(scope, 'vm/cgroup.procs')).toBe('57') // each write moves one process; the last is kept here
    expect(tree.read(scope, 'cgroup.subtree_control')).toBe('+cpu')
  })

  test('where systemd keeps the cpu controller to itself, the reason says what would change that', () => {
    tree.put(`${manager}/cgroup.controllers`, 'memory pids\n')
    expect(cgroupV2CpuCap(tree.root, inSession({ userId: 1000 }))).toBeNull()
    expect(cgroupV2Obstacle(tree.root, inSession({ userId: 1000 }))).toContain('Delegate=cpu')
  })

  test('a scope that was made without the controller is refused by name', async () => {
    tree.put(`${scope}/cgroup.controllers`, 'memory\n')
    await expect(portOf(inSession()).set('linux', 42, 50)).rejects.toThrow(/diptych-linux-1\.scope was made without the cpu controller/)
  })

  test('the scope’s weight is asked of the user’s systemd and waited for; the guests’ slice stays a normal one', async () => {
    tree.put(`${scope}/cpu.weight`, '100\n')
    tree.put(`${slice}/diptych-windows-2.scope/cpu.weight`, '100\n')
    tree.put(`${slice}/cpu.weight`, '100\n')
    const asked: string[] = []
    const setUnitWeight = async (unit: string, weight: number) => {
      asked.push(`${unit} ${weight}`)
      setTimeout(() => tree.put(unit === 'app-diptych.slice' ? `${slice}/cpu.weight` : `${slice}/${unit}/cpu.weight`, `${weight}\n`), 30)
    }
    path = `/${scope}/vm`
    const port = portOf(inSession({ setUnitWeight }))
    expect(await port.setWeight('linux', 42, 1000)).toEqual({ weight: 1000, note: null })
    expect(asked).toEqual(['diptych-linux-1.scope 1000', 'app-diptych.slice 200'])
    expect(existsSync(tree.path(scope, 'vm', 'cpu.weight'))).toBe(false)
    expect(await port.setWeight('linux', 42, 500)).toEqual({ weight: 500, note: null })
    expect(asked.at(-1)).toBe('diptych-linux-1.scope 500') // the slice weighs 200 as before
  })
})

test('without the cpu controller it is not taken', () => {
  tree.put('cgroup.controllers', 'memory\n')
  expect(cgroupV2CpuCap(tree.root, { userScopes: true })).toBeNull()
  expect(cgroupV2Obstacle(tree.root, { userScopes: true })).toContain('cpu controller')
})
