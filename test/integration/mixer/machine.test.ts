import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Machine } from '../../../src/engine/engine.ts'
import { findCpuCap } from '../../../src/node/cgroup/find-cpu-cap.ts'
import { cpuMs } from '../../../src/node/process/process-identity.ts'
import { agentAnswers, Bench, until } from '../engine/fixture.ts'

const cpu = findCpuCap(process.env)

/** Runs a line of shell in the guest and answers what it wrote. */
async function shell(machine: Machine, line: string): Promise<string> {
  const { exitCode, stdout, stderr } = await machine.agent.exec('/bin/busybox', ['sh', '-c', line], 300_000)
  if (exitCode !== 0) throw new Error(`${line}: ${stderr}`)
  return stdout.trim()
}

/** As the guest's own kernel counts them. */
const processors = async (machine: Machine) => Number(await shell(machine, 'grep -c ^processor /proc/cpuinfo'))

describe('vCPUs and disk limits of a real machine', () => {
  let bench: Bench
  let machine: Machine
  beforeAll(async () => {
    bench = new Bench()
    machine = await bench.engine.start({ ...bench.spec, maximumVcpus: 3 }, { from: { kind: 'savable' } })
    await agentAnswers(machine)
  })
  afterAll(() => bench.end())

  const online = (count: number) =>
    until(`${count} vCPUs online`, async () => {
      await machine.setVcpus(count)
      return (await machine.vcpus()).online === count || null
    })

  test('what is asked for is brought online, what is taken goes offline, and can come back', async () => {
    expect(await processors(machine)).toBe(1)
    for (const count of [3, 1, 2]) {
      await online(count)
      expect(await processors(machine)).toBe(count)
    }
    expect(await machine.vcpus()).toMatchObject({ online: 2 })
  })

  test('more than there is room for is refused, and nothing happens', async () => {
    await expect(machine.setVcpus(4)).rejects.toMatchObject({ part: 'qemu' })
    expect(await processors(machine)).toBe(2)
  })

  test('a host that adopts it reads back what is in force', async () => {
    await machine.setDiskLimits({ iops: 200, bytesPerSecond: 3_000_000 })
    await machine.setCpuWeight(300)
    machine.dispose()
    const [adoption] = await bench.engine.adopt()
    machine = adoption?.machine ?? expect.fail('it was not adopted')
    expect(await machine.diskLimits()).toEqual({ iops: 200, bytesPerSecond: 3_000_000 })
    if (cpu.available) expect((await machine.cpuWeight()).weight).toBe(300)
    await agentAnswers(machine)
    expect(await machine.vcpus()).toMatchObject({ online: 2 })
    await machine.setDiskLimits({ iops: null, bytesPerSecond: null })
  })

  /** Seconds that `dd` in the guest takes for so many reads of the disk itself. */
  async function seconds(count: number, blockBytes: number): Promise<number> {
    await shell(machine, 'echo 3 > /proc/sys/vm/drop_caches')
    const at = performance.now()
    await shell(machine, `dd if=/dev/vda of=/dev/null bs=${blockBytes} count=${count} iflag=direct`)
    return (performance.now() - at) / 1_000
  }

  test('dd in the guest is held to the operations a second, and to the bytes; lifted, it is fast again', async () => {
    await machine.setDiskLimits({ iops: 100, bytesPerSecond: null })
    // A tenth of a second's worth may come at once (QEMU, docs/throttle.txt, bursts).
    expect(await seconds(300, 4096)).toBeGreaterThan(2.5)
    await machine.setDiskLimits({ iops: null, bytesPerSecond: 4_000_000 })
    expect(await seconds(128, 65_536)).toBeGreaterThan(1.7)
    await machine.setDiskLimits({ iops: null, bytesPerSecond: null })
    const before = await machine.usage()
    await seconds(128, 65_536)
    const after = await machine.usage()
    expect(after.diskReadBytes - before.diskReadBytes).toBeGreaterThanOrEqual(128 * 65_536)
    expect(after.diskReads - before.diskReads).toBeGreaterThanOrEqual(128)
  })

  test('a warm state starts with the vCPUs that were in use when it was saved', async () => {
    const directory = join(bench.directories.cache, 'warm')
    await machine.save(directory)
    await machine.quit()
    machine = await bench.engine.start({ ...bench.spec, maximumVcpus: 3 }, { from: { kind: 'warm', directory } })
    await agentAnswers(machine)
    expect(await processors(machine)).toBe(2)
    await online(3)
    expect(await processors(machine)).toBe(3)
  })
})

describe.skipIf(!cpu.available)(`CPU weight (${cpu.reason})`, () => {
  test('of two busy guests on one CPU the heavier gets its share, and the other the rest', async () => {
    const benches = [new Bench(), new Bench()]
    try {
      const machines = await Promise.all(benches.map((bench) => bench.engine.start(bench.spec, { from: { kind: 'cold' } })))
      await Promise.all(machines.map((machine) => agentAnswers(machine)))
      for (const machine of machines) {
        await shell(machine, '(while :; do :; done) >/dev/null 2>&1 </dev/null &')
        execFileSync('taskset', ['-acp', '0', String(machine.processId)], { stdio: 'ignore' }) // on one CPU, so that they contend
      }
      const share = async () => {
        const before = machines.map((machine) => cpuMs(machine.processId))
        await new Promise((resolve) => setTimeout(resolve, 4_000))
        const used = machines.map((machine, index) => cpuMs(machine.processId) - (before[index] ?? 0))
        return (used[0] ?? 0) / used.reduce((sum, each) => sum + each, 0)
      }
      const [first, second] = machines
      await first?.setCpuWeight(100)
      await second?.setCpuWeight(100)
      expect(await share()).toBeGreaterThan(0.35)
      await first?.setCpuWeight(400)
      expect(await share()).toBeGreaterThan(0.65)
      await first?.setCpuWeight(25)
      expect(await share()).toBeLessThan(0.35)
    } finally {
      await Promise.all(benches.map((bench) => bench.end()))
    }
  })
})
