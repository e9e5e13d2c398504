import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Machine } from '../../../src/engine/engine.ts'
import { findCpuCap } from '../../../src/node/cgroup/find-cpu-cap.ts'
import { cpuMs } from '../../../src/node/process/process-identity.ts'
import { agentAnswers, Bench, until } from './fixture.ts'

const port = findCpuCap(process.env)

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

  test('without the cap the guest takes more again', async () => {
    expect(await machine.setCpuCap(null)).toBeNull()
    await until('more than the cap', async () => (await used(1_000)) > 40 || null)
  })

  test('its group goes with the machine', async () => {
    await machine.setCpuCap(50)
    const path = /^\d*:(?:cpu[^:]*)?:(\/.*diptych.*)$/m.exec(readFileSync(`/proc/${machine.processId}/cgroup`, 'utf8'))?.[1]
    expect(path).toContain(`tiny-${machine.processId}`)
    await machine.quit()
    const roots = readFileSync('/proc/mounts', 'utf8').split('\n').filter((row) => /\bcgroup2?\b/.test(row)).map((row) => row.split(' ')[1] ?? '')
    await until('the group to go', () => roots.every((root) => !existsSync(`${root}${path}`)) || null)
  })
})

test.skipIf(port.available)('without a way to cap, the reason is told', () => expect(port.reason).not.toBe(''))
