import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Machine } from '../../../src/engine/engine.ts'
import { findCpuCap } from '../../../src/node/cgroup/find-cpu-cap.ts'
import { cpuMs } from '../../../src/node/process/process-identity.ts'
import { agentAnswers, Bench, until } from './fixture.ts'

const port = findCpuCap(process.env)

/** The directory of the process's own group in the hierarchy that holds the cpu controller. */
function groupOf(pid: number): string {
  const rows = readFileSync('/proc/mounts', 'utf8').split('\n').map((row) => row.split(' '))
  const v1 = rows.find(([, , type, options]) => type === 'cgroup' && options?.split(',').includes('cpu') === true)?.[1]
  const root = v1 ?? rows.find(([, , type]) => type === 'cgroup2')?.[1] ?? ''
  const line = v1 === undefined ? /^0::(.*)$/m : /^\d+:(?:[a-z,]*,)?cpu(?:,[a-z,]*)?:(.*)$/m
  return join(root, line.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '')
}

/** How often the kernel has held the group back. */
function throttled(pid: number): number {
  return Number(/^nr_throttled (\d+)$/m.exec(readFileSync(join(groupOf(pid), 'cpu.stat'), 'utf8'))?.[1] ?? Number.NaN)
}

describe.skipIf(!port.available)(`CPU cap (${port.reason})`, () => {
  let bench: Bench
  let machine: Machine
  beforeAll(async () => {
    bench = new Bench()
    machine = await bench.engine.start(bench.spec, { from: { kind: 'cold' } })
    await agentAnswers(machine)
    await machine.agent.exec('/bin/busybox', ['sh', '-c', '(while :; do :; done) >/dev/null 2>&1 </dev/null &'], 60_000)
  })
  afterAll(() => bench.end())

  /** Percent of one CPU used over the next `ms`. */
  async function used(ms: number): Promise<number> {
    const [at, before] = [performance.now(), cpuMs(machine.processId)]
    await new Promise((resolve) => setTimeout(resolve, ms))
    return ((cpuMs(machine.processId) - before) * 100) / (performance.now() - at)
  }

  test('none is in force at first', async () => expect(await machine.cpuCap()).toBeNull())

  test.each([30, 10])('a cap of %i percent holds for all threads of a busy guest', async (percent) => {
    expect(await machine.setCpuCap(percent)).toBe(percent)
    expect(await machine.cpuCap()).toBe(percent)
    await used(500)
    expect(await used(4_000)).toBeLessThan(percent * 1.25 + 2)
  })

  test('the kernel throttles it under the cap and leaves it alone without', async () => {
    await machine.setCpuCap(5)
    const before = throttled(machine.processId)
    await until('the kernel to throttle it', () => throttled(machine.processId) > before + 5 || null)
    expect(await machine.setCpuCap(null)).toBeNull()
    const after = throttled(machine.processId)
    await used(2_000)
    expect(throttled(machine.processId)).toBe(after)
  })

  test('its group goes with the machine', async () => {
    await machine.setCpuCap(50)
    const group = groupOf(machine.processId)
    expect(existsSync(group)).toBe(true)
    await machine.quit()
    await until('the group to go', () => !existsSync(group) || null)
  })
})

test.skipIf(port.available)('without a way to cap, the reason is told', () => expect(port.reason).not.toBe(''))
