import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { unshaped } from '../contract/link.ts'
import { EngineFault } from '../engine/engine.ts'
import { FakeMachine, fakeSpec } from '../../test/fake/machine.ts'
import { type Remembered, SliderControls } from './guest-controls.ts'

const before: Remembered = { vcpus: null, cpuCap: null, cpuWeight: 100, memory: null, diskIops: null, diskBandwidth: null, linkBandwidth: null, linkUp: true, link: { tx: unshaped, rx: unshaped } }

function setUp(plugUnavailable: string | null = null) {
  const written: Partial<Remembered>[] = []
  const controls = new SliderControls(
    {
      guest: fakeSpec.name,
      limits: () => ({ kind: 'linux', accelerator: 'tcg', plugUnavailable, hostCpus: 2, vcpus: 1, maximumVcpus: 2, bootMemoryMiB: 512, maximumMemoryMiB: 512, cpuCapUnavailable: null, balloonUnavailable: null }),
      room: () => null,
      linkPresets: [],
      setLink: async (link) => link,
      persist: async (values) => void written.push(values),
      changed: () => undefined,
      relieved: () => undefined,
      nowMs: () => Date.now(),
    },
    before,
  )
  return { controls, machine: new FakeMachine(), written }
}

describe('SliderControls', () => {
  it('gives a machine that does not answer its weight back while the disk limit is still waited for', async () => {
    const { controls, machine } = setUp()
    await controls.attach(machine)
    let answer: () => void = () => undefined
    machine.setDiskLimits = (limits) => new Promise((resolve) => (answer = () => resolve(limits)))
    const disk = controls.apply({ diskIops: 500 }, 0)
    const results = await controls.apply({ cpuWeight: 1_000, cpuCap: 50 }, 0)
    expect(results).toMatchObject({ cpuWeight: { effective: 1_000, status: 'settled' }, cpuCap: { effective: 50, status: 'settled' } })
    expect(controls.describe().diskIops).toMatchObject({ requested: null, effective: null })
    answer()
    expect((await disk).diskIops).toMatchObject({ requested: 500, effective: 500, status: 'settled' })
    controls.detach()
  })

  it('of two changes the later lands, however long the earlier takes', async () => {
    const { controls, machine } = setUp()
    await controls.attach(machine)
    const pauses = [20, 0]
    machine.setDiskLimits = async (limits) => {
      await new Promise((resolve) => setTimeout(resolve, pauses.shift()))
      return (machine.limits = limits)
    }
    await Promise.all([controls.apply({ diskIops: 100 }, 0), controls.apply({ diskIops: 200 }, 0)])
    expect(machine.limits).toEqual({ iops: 200, bytesPerSecond: null })
    expect(controls.describe().diskIops).toMatchObject({ requested: 200, effective: 200 })
    controls.detach()
  })

  it('puts into force and remembers what was taken, beside what was refused, and tells of the refusal', async () => {
    const { controls, machine, written } = setUp()
    await controls.attach(machine)
    machine.setCpuCap = async () => {
      throw new EngineFault('cgroup', 'the kernel said no')
    }
    await expect(controls.apply({ cpuCap: 50, diskIops: 300 }, 0)).rejects.toThrow('the kernel said no')
    expect(controls.describe()).toMatchObject({ cpuCap: { requested: null }, diskIops: { requested: 300, effective: 300 } })
    expect(Object.assign({}, ...written)).toEqual({ diskIops: 300, diskBandwidth: null })
    controls.detach()
  })

  it('is promised no more vCPUs than the machine has, whatever the guest says it uses', async () => {
    const { controls, machine } = setUp()
    machine.vcpus = async () => ({ plugged: 1, online: 1_024 })
    await controls.attach(machine)
    await controls.refreshVcpus()
    expect(controls.promise().cpuPercent).toBe(100)
    controls.detach()
  })
})

describe('SliderControls of a machine that ends', () => {
  const unowned: unknown[] = []
  const note = (reason: unknown) => void unowned.push(reason)
  /** A rejection that nobody owns is told once the microtasks are over; it would end the host. */
  const settled = () => new Promise((resolve) => setTimeout(resolve, 20))
  const gone = () => Promise.reject(new EngineFault('qmp', 'the connection was closed'))

  beforeEach(() => void process.on('unhandledRejection', note))
  afterEach(() => {
    process.off('unhandledRejection', note)
    unowned.length = 0
  })

  it('owns what becomes of vCPUs that were asked for, whoever asked', async () => {
    const { controls, machine } = setUp('not under emulation')
    machine.spec = { ...fakeSpec, maximumVcpus: 2 }
    await controls.attach(machine)
    machine.vcpus = gone
    machine.setVcpus = gone
    await controls.apply({ vcpus: 2 }, 0)
    controls.agentAnswers()
    await settled()
    controls.detach()
    expect(unowned).toEqual([])
  })

  it('takes up nothing of a machine that ended while its settings were put into force', async () => {
    const { controls, machine } = setUp()
    let answer: () => void = () => undefined
    machine.diskLimits = () => new Promise((resolve) => (answer = () => resolve({ iops: null, bytesPerSecond: null })))
    const attaching = controls.attach(machine)
    await settled()
    controls.detach()
    machine.vcpus = gone
    answer()
    await attaching
    await settled()
    expect(controls.readings()).toMatchObject({ running: false, vcpus: null, diskLimits: null, vcpuFollowing: { status: 'settled' } })
    expect(unowned).toEqual([])
  })

  it('asks nothing of a machine whose turn came only after it had ended', async () => {
    const { controls, machine } = setUp()
    await controls.attach(machine)
    let answer: () => void = () => undefined
    machine.setMemory = () => new Promise((resolve) => (answer = resolve))
    const asked = controls.apply({ memory: 400 }, 0)
    await settled()
    controls.detach()
    const next = new FakeMachine('restored')
    let balloons = 0
    next.balloon = () => ((balloons += 1), gone())
    const attaching = controls.attach(next)
    controls.detach()
    answer()
    await Promise.all([asked, attaching])
    expect(balloons).toBe(0)
    expect(await controls.refresh()).toBeNull()
  })
})
