import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stageNetwork } from '../../src/contract/names.ts'
import { makeGuest, updateOf } from '../../test/fake/window/views.ts'
import { applyGuestEvent, applyMessage, applyNetwork, applyRelist, applyUpdate } from './reduce.ts'
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

  it('holds a bounded history of traffic', () => {
    let state: Parameters<typeof applyNetwork>[0] = { history: {}, requests: [] }
    const { name } = at(1).view
    const port = { guest: name, network: stageNetwork, connected: true, linkUp: true, txBytes: 0, rxBytes: 0, txPackets: 0, rxPackets: 0, drops: 0, txBitsPerSecond: 3, rxBitsPerSecond: 4 }
    const network = { running: true, reason: null, domain: 'd', subnet: 's', gateway: 'g', ports: [port], networks: [], uplinks: [], publications: [], captures: [] }
    for (let sample = 0; sample < historyLength + 20; sample += 1) {
      state = { ...state, ...applyNetwork(state, { type: 'meters', at: '2026-01-01T00:00:00Z', network }) }
    }
    expect(state.history[name]?.bitsPerSecond).toHaveLength(historyLength)
    expect(state.history[name]?.bitsPerSecond.at(-1)).toBe(7)
  })
})
