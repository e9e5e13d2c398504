import { rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CgroupTree } from '../../../test/fake/cgroup-tree.ts'
import { cgroupV1CpuCap } from './cgroup-v1.ts'
import { cgroupV2CpuCap } from './cgroup-v2.ts'
import { bandwidthOf, percentOf } from './cpu-cap.ts'
import { findCpuCap } from './find-cpu-cap.ts'
import { niceOnly } from './nice.ts'

const tree = new CgroupTree()

test('percent and bandwidth agree, and the kernel’s smallest quota is kept', () => {
  for (const percent of [10, 25, 50, 150, 400]) expect(percentOf(bandwidthOf(percent))).toBe(percent)
  for (const percent of [0.1, 1, 5, 9, 10, 1000]) expect(bandwidthOf(percent).quotaUs).toBeGreaterThanOrEqual(1000)
})

describe('version 1', () => {
  test('writes period, quota and the process; reads back what stands there', async () => {
    tree.put('cpu.cfs_quota_us', '-1')
    const port = cgroupV1CpuCap(tree.root)
    expect(await port?.set('linux', 42, 50)).toBe(50)
    expect([tree.read('diptych/linux-42/cpu.cfs_quota_us'), tree.read('diptych/linux-42/cpu.cfs_period_us'), tree.read('diptych/linux-42/cgroup.procs')]).toEqual(['10000', '20000', '42'])
    expect(await port?.set('linux', 42, null)).toBeNull()
    expect(tree.read('diptych/linux-42/cpu.cfs_quota_us')).toBe('-1')
    expect(port?.get('windows', 43)).toBeNull()
  })
  test('a directory that is no cpu controller is not taken', () => expect(cgroupV1CpuCap(tree.root)).toBeNull())
})

test('what is mounted decides, and every refusal says why', () => {
  tree.put('cpu.cfs_quota_us', '-1')
  expect(findCpuCap({}, `cgroup ${tree.root} cgroup rw,cpu,cpuacct 0 0\ncgroup2 /u cgroup2 rw 0 0`)).toMatchObject({ available: true, reason: expect.stringContaining('version 1') as string })
  expect(findCpuCap({}, 'cgroup /nowhere cgroup rw,cpu 0 0')).toMatchObject({ available: false, reason: expect.stringContaining('belongs to root') as string })
  expect(findCpuCap({}, 'cgroup2 /nowhere cgroup2 rw 0 0')).toMatchObject({ available: false, reason: expect.stringContaining('cpu controller') as string })
  expect(findCpuCap({}, 'proc /proc proc rw 0 0')).toMatchObject({ available: false, reason: expect.stringContaining('none are mounted') as string })
})

describe('weight', () => {
  test('version 1: shares of the group; together the guests never outweigh as many normal ones', async () => {
    tree.put('cpu.cfs_quota_us', '-1')
    const port = cgroupV1CpuCap(tree.root)
    expect(port?.getWeight('linux', 42)).toEqual({ weight: 100, note: null })
    for (const weight of [1, 20, 100, 250, 10_000]) expect((await port?.setWeight('linux', 42, weight))?.weight).toBe(weight)
    await port?.setWeight('windows', 43, 50)
    expect([tree.read('diptych/linux-42/cpu.shares'), tree.read('diptych/windows-43/cpu.shares'), tree.read('diptych/cpu.shares')]).toEqual(['102400', '512', '2048'])
    await port?.setWeight('linux', 42, 20)
    expect(tree.read('diptych/cpu.shares')).toBe(String(205 + 512))
    expect(tree.read('diptych/windows-43/cgroup.procs')).toBe('43')
  })
  test('version 1: the weight of a guest that is gone no longer counts', async () => {
    tree.put('cpu.cfs_quota_us', '-1')
    const port = cgroupV1CpuCap(tree.root)
    await port?.setWeight('linux', 42, 50)
    await port?.setWeight('windows', 43, 100)
    expect(tree.read('diptych/cpu.shares')).toBe('1536')
    rmSync(tree.path('diptych/windows-43'), { recursive: true }) // as rmdir(2) does in a real hierarchy, its files with it
    port?.release('windows', 43)
    expect(tree.read('diptych/cpu.shares')).toBe('512')
  })
  test('throttled time is told in milliseconds by both', () => {
    tree.put('cpu.cfs_quota_us', '-1')
    tree.put('diptych/linux-42/cpu.stat', 'nr_periods 9\nnr_throttled 4\nthrottled_time 1500000000\n')
    expect(cgroupV1CpuCap(tree.root)?.throttledMs('linux', 42)).toBe(1_500)
    tree.put('cgroup.controllers', 'cpu\n')
    tree.put('cgroup.subtree_control', '')
    tree.put('diptych/linux-42/cpu.stat', 'usage_usec 9\nthrottled_usec 250000\n')
    const v2 = cgroupV2CpuCap(tree.root, { userScopes: false, pathOf: () => '/elsewhere' })
    expect(v2?.throttledMs('linux', 42)).toBe(250)
    expect(v2?.throttledMs('windows', 43)).toBeNull()
  })
  test('nice is the last resort and says so; a user who may not raise is told', async () => {
    let current = 0
    const port = niceOnly('no control groups here', { get: () => current, set: (_pid, nice) => { if (nice < current) throw new Error('EACCES'); current = nice } })
    expect(await port.setWeight('linux', 42, 20)).toEqual({ weight: 20, note: expect.stringContaining('nice(2)') as string })
    expect(current).toBe(7)
    expect(await port.setWeight('linux', 42, 100)).toEqual({ weight: 21, note: expect.stringContaining('not raise') as string })
    expect(port.getWeight('linux', 42).weight).toBe(21)
  })
})
