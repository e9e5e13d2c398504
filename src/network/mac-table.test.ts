import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MacTable } from './mac-table.ts'

const limits = { entries: 8, perOwner: 5, maxAgeMs: 100 }

describe('MacTable', () => {
  it('behaves like a list that is searched from its newest entry', () => {
    const action = fc.record({ kind: fc.constantFrom('learn', 'lookup', 'pin', 'forget'), mac: fc.nat(12), owner: fc.constantFrom('a', 'b', 'c'), stepMs: fc.nat(60) })
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const table = new MacTable<string>(limits)
        const model = new Map<number, { owner: string; at: number | null }>()
        let now = 0
        for (const { kind, mac, owner, stepMs } of actions) {
          now += stepMs
          for (const [key, { at }] of model) if (at !== null && now - at > limits.maxAgeMs) model.delete(key)
          const entry = model.get(mac)
          if (kind === 'pin') {
            table.pin(1, mac, owner)
            model.set(mac, { owner, at: null })
          } else if (kind === 'forget') {
            table.forget(owner)
            for (const [key, each] of model) if (each.owner === owner) model.delete(key)
          } else if (kind === 'lookup') {
            expect(table.lookup(1, mac, now)).toBe(entry?.owner)
          } else {
            const outcome = table.learn(1, mac, owner, now)
            if (entry !== undefined && entry.owner === owner) {
              expect(outcome).toBe('known')
              if (entry.at !== null) entry.at = now
            } else if (entry !== undefined && entry.at === null) {
              expect(outcome).toBe('foreign')
            } else {
              if (entry !== undefined) model.delete(mac)
              const learned = [...model.values()].filter((each) => each.at !== null)
              const fits = learned.length < limits.entries && learned.filter((each) => each.owner === owner).length < limits.perOwner
              expect(outcome).toBe(fits ? 'learned' : 'refused')
              if (fits) model.set(mac, { owner, at: now })
            }
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  it('keeps honest entries under a flood of invented addresses', () => {
    const table = new MacTable<string>({ entries: 1_000, perOwner: 50, maxAgeMs: 300_000 })
    table.pin(0x5254, 1, 'honest')
    expect(table.learn(0x5254, 2, 'bridge', 0)).toBe('learned')
    for (let mac = 0; mac < 1_000_000; mac++) table.learn(0x0200, mac, 'hostile', mac / 1_000)
    expect(table.size).toBe(52)
    expect([table.lookup(0x5254, 1, 1_000), table.lookup(0x5254, 2, 1_000)]).toEqual(['honest', 'bridge'])
  })
})
