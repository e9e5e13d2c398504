import { cpus } from 'node:os'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeMachine } from '../test/fake/machine.ts'
import type { HostBudget } from '../src/contract/host.ts'
import { GuestName } from '../src/contract/names.ts'
import { hostBudget, type HostLoad } from '../src/resource/budget.ts'
import type { SliderControls } from '../src/resource/guest-controls.ts'
import { MeterReader } from './meters.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function metered() {
  const controls = { refresh: async () => null, refreshVcpus: async () => undefined, vcpuReading: () => null } as unknown as SliderControls // what a meter asks of the sliders
  const guests = ['linux', 'windows'].map((name) => ({ name: GuestName.parse(name), machine: new FakeMachine(), controls }))
  const loads: HostLoad[] = []
  const reader = new MeterReader({
    guests: () => guests,
    traffic: () => ({ txBytes: 0, rxBytes: 0 }),
    budget: (load): HostBudget => {
      loads.push(load)
      return hostBudget(load, [])
    },
  })
  const read = async () => {
    const reading = reader.read()
    await vi.advanceTimersByTimeAsync(10_000)
    return (await reading).guests.map(({ guest }) => String(guest))
  }
  const [linux, windows] = guests
  if (linux === undefined || windows === undefined) throw new Error('two guests were made')
  return { linux, windows, loads, read }
}

describe('MeterReader', () => {
  it('is not held up by a machine that does not answer, and asks it one thing at a time', async () => {
    const { linux, read } = metered()
    const usage = await linux.machine.usage()
    const waiting: (() => void)[] = []
    linux.machine.usage = () => new Promise((resolve) => waiting.push(() => resolve(usage)))
    expect(await read()).toEqual(['windows'])
    expect(await read()).toEqual(['windows'])
    expect(waiting).toHaveLength(1)
    waiting[0]?.()
    linux.machine.usage = async () => usage
    expect(await read()).toEqual(['linux', 'windows'])
  })

  it('asks a machine that was started anew, whatever the one before it owes', async () => {
    const { linux, read } = metered()
    linux.machine.usage = () => new Promise(() => undefined)
    expect(await read()).toEqual(['windows'])
    linux.machine = new FakeMachine()
    expect(await read()).toEqual(['linux', 'windows'])
  })

  it('counts the CPUs of this computer', async () => {
    const { loads, read } = metered()
    await read()
    await read()
    expect(loads.map((load) => load.cpus)).toEqual([cpus().length, cpus().length])
    expect(loads.every(({ cpuPercent, cpus: count }) => cpuPercent >= 0 && cpuPercent <= count * 100)).toBe(true)
  })
})
