import { describe, expect, it } from 'vitest'
import { unshaped } from '../contract/link.ts'
import { EngineFault } from '../engine/engine.ts'
import { FakeMachine, fakeSpec } from '../../test/fake/machine.ts'
import { type Remembered, SliderControls } from './guest-controls.ts'

const before: Remembered = { vcpus: null, cpuCap: null, cpuWeight: 100, memory: null, diskIops: null, diskBandwidth: null, linkBandwidth: null, linkUp: true, link: { tx: unshaped, rx: unshaped } }

function setUp() {
  const written: Partial<Remembered>[] = []
  const controls = new SliderControls(
    {
      guest: fakeSpec.name,
      limits: () => ({ kind: 'linux', accelerator: 'tcg', plugUnavailable: null, hostCpus: 2, vcpus: 1, maximumVcpus: 2, bootMemoryMiB: 512, maximumMemoryMiB: 512, cpuCapUnavailable: null, balloonUnavailable: null }),
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
})
