import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cgroupV1CpuCap } from './cgroup-v1.ts'
import { cgroupV2CpuCap } from './cgroup-v2.ts'
import { bandwidthOf, percentOf } from './cpu-cap.ts'
import { findCpuCap } from './find-cpu-cap.ts'

let root = ''
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'diptych-cgroup-'))))
afterEach(() => rmSync(root, { recursive: true, force: true }))
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8')
const put = (path: string, text: string) => {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), text)
}

test('percent and bandwidth agree, and the kernel’s smallest quota is kept', () => {
  for (const percent of [10, 25, 50, 150, 400]) expect(percentOf(bandwidthOf(percent))).toBe(percent)
  for (const percent of [0.1, 1, 5, 9, 10, 1000]) expect(bandwidthOf(percent).quotaUs).toBeGreaterThanOrEqual(1000)
})

describe('version 1', () => {
  test('writes period, quota and the process; reads back what stands there', () => {
    put('cpu.cfs_quota_us', '-1')
    const port = cgroupV1CpuCap(root)
    expect(port?.set('linux', 42, 50)).toBe(50)
    expect([read('diptych/linux-42/cpu.cfs_quota_us'), read('diptych/linux-42/cpu.cfs_period_us'), read('diptych/linux-42/cgroup.procs')]).toEqual(['10000', '20000', '42'])
    expect(port?.set('linux', 42, null)).toBeNull()
    expect(read('diptych/linux-42/cpu.cfs_quota_us')).toBe('-1')
    expect(port?.get('windows', 43)).toBeNull()
  })
  test('a directory that is no cpu controller is not taken', () => expect(cgroupV1CpuCap(root)).toBeNull())
})

describe('version 2', () => {
  test('as root: a group below diptych/, cpu enabled on the way down', () => {
    put('cgroup.controllers', 'cpuset cpu memory\n')
    put('cgroup.subtree_control', 'memory\n')
    const port = cgroupV2CpuCap(root, { userScopes: false, pathOf: () => '/user.slice/session-1.scope' })
    expect(port?.set('linux', 42, 30)).toBe(30)
    expect(read('diptych/linux-42/cpu.max')).toBe('6000 20000')
    expect(read('diptych/linux-42/cgroup.procs')).toBe('42')
    expect(read('cgroup.subtree_control')).toBe('+cpu')
    expect(read('diptych/cgroup.subtree_control')).toBe('+cpu')
    expect(port?.set('linux', 42, null)).toBeNull()
  })
  test('in a scope of its own: a child group, because a group with controllers holds no process', () => {
    put('cgroup.controllers', 'cpu\n')
    const scope = 'user.slice/diptych-linux-1.scope'
    put(`${scope}/cgroup.subtree_control`, '')
    let path = `/${scope}`
    const port = cgroupV2CpuCap(root, { userScopes: true, pathOf: () => path })
    expect(port?.set('linux', 42, 100)).toBe(100)
    path = `/${scope}/vm`
    expect(port?.get('linux', 42)).toBe(100)
    expect(port?.set('linux', 42, 20)).toBe(20)
    expect(existsSync(join(root, scope, 'vm', 'vm'))).toBe(false)
  })
  test('without the cpu controller it is not taken', () => {
    put('cgroup.controllers', 'memory\n')
    expect(cgroupV2CpuCap(root, { userScopes: true })).toBeNull()
  })
})

test('what is mounted decides, and every refusal says why', () => {
  put('cpu.cfs_quota_us', '-1')
  expect(findCpuCap({}, `cgroup ${root} cgroup rw,cpu,cpuacct 0 0\ncgroup2 /u cgroup2 rw 0 0`)).toMatchObject({ available: true, reason: expect.stringContaining('version 1') as string })
  expect(findCpuCap({}, 'cgroup /nowhere cgroup rw,cpu 0 0')).toMatchObject({ available: false, reason: expect.stringContaining('belongs to root') as string })
  expect(findCpuCap({}, 'cgroup2 /nowhere cgroup2 rw 0 0')).toMatchObject({ available: false, reason: expect.stringContaining('cpu controller') as string })
  expect(findCpuCap({}, 'proc /proc proc rw 0 0')).toMatchObject({ available: false, reason: expect.stringContaining('none are mounted') as string })
})
