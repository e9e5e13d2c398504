import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeGuest, updateOf } from '../../test/fake/window/views.ts'
import { applyGuestEvent, applyMessage, applyMeter, applyRelist, applyUpdate } from './reduce.ts'
import { historyLength } from './state.ts'

const empty = { guests: {}, order: [] }

function at(generation: number, name = 'linux', kind: 'linux' | 'windows-stand-in' = 'linux') {
  return updateOf(Object.assign(makeGuest(name, name, kind, 0), { generation, detail: `view ${generation}` }))
}

describe('applyGuestEvent', () => {
  it('drops a view that is not newer than the one shown', () => {
    const state = applyUpdate(empty, at(5))
    expect(applyUpdate(state, at(4))).toBe(state)
    expect(applyUpdate(state, at(5))).toBe(state)
    expect(applyUpdate(state, at(6)).guests['linux']?.generation).toBe(6)
  })

  it('reports a jump in generations as a gap and shows the view all the same', () => {
    const state = applyUpdate(empty, at(5))
    const step = applyGuestEvent(state, { type: 'changed', guest: at(9) })
    expect(step.gap).toBe(true)
    expect(step.state.guests['linux']?.generation).toBe(9)
    expect(applyGuestEvent(step.state, { type: 'changed', guest: at(10) }).gap).toBe(false)
  })

  it('takes a new list as it is, since a restarted host counts anew', () => {
    const state = applyUpdate(applyUpdate(empty, at(50)), at(40, 'old'))
    const step = applyGuestEvent(state, { type: 'listed', guests: [at(1)] })
    expect(step.state.guests['linux']?.generation).toBe(1)
    expect(step.state.order).toEqual(['linux'])
  })

  it('keeps what is newer when a list is read again on the same connection', () => {
    const state = applyUpdate(applyUpdate(empty, at(7)), at(3, 'gone'))
    const next = applyRelist(state, [at(6), at(2, 'other')])
    expect(next.guests['linux']?.generation).toBe(7)
    expect(next.order).toEqual(['linux', 'other'])
  })

  it('shows Linux first, then Windows, whatever order they come in', () => {
    const step = applyGuestEvent(empty, { type: 'listed', guests: [at(1, 'a-stand-in', 'windows-stand-in'), at(1, 'z-linux')] })
    expect(step.state.order).toEqual(['z-linux', 'a-stand-in'])
  })

  it('forgets a removed guest', () => {
    const state = applyUpdate(empty, at(5))
    expect(applyGuestEvent(state, { type: 'removed', name: at(1).view.name }).state).toEqual(empty)
  })

  it('never goes backwards, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 })), (generations) => {
        let state: Parameters<typeof applyUpdate>[0] = empty
        let newest = 0
        for (const generation of generations) {
          state = applyGuestEvent(state, { type: 'changed', guest: at(generation) }).state
          newest = Math.max(newest, generation)
          expect(state.guests['linux']?.generation).toBe(newest)
        }
      }),
    )
  })
})

describe('what is kept', () => {
  it('holds a message once', () => {
    const message = { sequence: 1, at: '2026-01-01T00:00:00Z', level: 'info', guest: null, text: 'up' } as const
    const once = applyMessage([], message)
    expect(applyMessage(once, message)).toBe(once)
  })

  it('holds a bounded history of a guest’s load', () => {
    const { name } = at(1).view
    const none = { residentMiB: 1, actualMiB: null, guestUsedMiB: null, guestTotalMiB: null, guestAvailableMiB: null, diskReadBytesPerSecond: 0, diskWriteBytesPerSecond: 0, diskReadsPerSecond: 0, diskWritesPerSecond: 0 }
    const guest = { ...none, guest: name, cpuPercent: 5, cpuSharePercent: null, throttledPercent: null, vcpusPlugged: null, vcpusOnline: null, txBitsPerSecond: 3, rxBitsPerSecond: 4 }
    const share = { total: 0, reserve: 0, limit: 0, promised: 0, inUse: 0, free: 0, guests: [] }
    const meter = { at: '2026-01-01T00:00:00Z', cpuPercent: 0, memoryUsedMiB: 0, memoryTotalMiB: 0, promisedMiB: 0, guests: [guest], budget: { memory: share, cpu: share } }
    let state: Parameters<typeof applyMeter>[0] = { history: {} }
    for (let sample = 0; sample < historyLength + 20; sample += 1) state = applyMeter(state, meter)
    expect(state.history[name]?.bitsPerSecond).toHaveLength(historyLength)
    expect(state.history[name]?.bitsPerSecond.at(-1)).toBe(7)
    expect(state.history[name]?.cpuPercent.at(-1)).toBe(5)
  })
})
