import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeMachine } from '../../test/fake/machine.ts'
import { MemorySlider } from './memory-slider.ts'
import type { Limits } from './readings.ts'

const limits: Limits = { kind: 'linux', accelerator: 'tcg', plugUnavailable: null, hostCpus: 2, vcpus: 1, maximumVcpus: 2, bootMemoryMiB: 512, maximumMemoryMiB: 512, cpuCapUnavailable: null, balloonUnavailable: null }

/** A guest whose balloon moves when the test says so, and that has `leftMiB` available. */
class SlowGuest extends FakeMachine {
  leftMiB = 200
  asked: number[] = []
  override setMemory = async (targetMiB: number) => void this.asked.push(targetMiB)
  override balloon = async () => ({ actualMiB: this.balloonMiB, guestTotalMiB: this.balloonMiB - 30, guestAvailableMiB: this.leftMiB, swappedInBytes: 0 })
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

describe('MemorySlider', () => {
  async function setUp() {
    const guest = new SlowGuest()
    const relieved: string[] = []
    const slider = new MemorySlider({ limits: () => limits, changed: () => undefined, relieved: (text) => relieved.push(text), nowMs: () => Date.now() })
    await slider.attach(guest, null)
    return { guest, relieved, slider }
  }

  it('gives a guest that runs short memory back within a second, though its balloon moved long after it was told', async () => {
    const { guest, relieved, slider } = await setUp()
    await slider.ask(256)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(slider.following).toEqual({ status: 'not-followed', note: 'the guest has not followed: it stays at 512 MiB' })
    guest.balloonMiB = 256
    guest.leftMiB = 10
    await vi.advanceTimersByTimeAsync(1_000)
    expect(guest.asked).toEqual([256, 320])
    expect(relieved).toEqual(['ran short of memory and was given 64 MiB back'])
    slider.detach()
  })

  it('asks a guest that stopped short again, and says so when it has followed after all', async () => {
    const { guest, slider } = await setUp()
    await slider.ask(256)
    guest.balloonMiB = 264
    await vi.advanceTimersByTimeAsync(25_000)
    expect(slider.following).toEqual({ status: 'not-followed', note: 'the guest has not followed: it stays at 264 MiB' })
    expect(guest.asked).toEqual([256])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(guest.asked).toEqual([256, 256])
    guest.balloonMiB = 256
    await vi.advanceTimersByTimeAsync(1_000)
    expect(slider.following).toEqual({ status: 'settled', note: null })
    slider.detach()
  })

  it('stops looking once the guest has all it booted with', async () => {
    const { guest, slider } = await setUp()
    await slider.ask(256)
    guest.balloonMiB = 256
    await vi.advanceTimersByTimeAsync(1_000)
    await slider.ask(512)
    guest.balloonMiB = 512
    await vi.advanceTimersByTimeAsync(1_000)
    expect(vi.getTimerCount()).toBe(0)
  })
})
