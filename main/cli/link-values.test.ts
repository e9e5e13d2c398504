import { describe, expect, it } from 'vitest'
import { unshaped } from '../../src/contract/link.ts'
import { CommandFailure } from './exit-code.ts'
import { formatLink } from './link-values.ts'
import { readChange } from './values.ts'

describe('link settings', () => {
  it.each([
    [['link.preset=4g'], { link: { preset: '4g' } }],
    [['link.latency=40ms', 'link.loss=1%'], { link: { both: { latencyMs: 40, loss: 0.01 } } }],
    [['link=10Mbit', 'link.jitter=1.5ms', 'link.up.rate=2Mbit'], { linkBandwidth: 10_000_000, link: { both: { jitterMs: 1.5 }, tx: { bitsPerSecond: 2_000_000 } } }],
    [['link.down.bandwidth=unlimited', 'link.rx.reorder=0.5%', 'link.down.latency=1s'], { link: { rx: { bitsPerSecond: null, reorder: 0.005, latencyMs: 1000 } } }],
  ])('reads %j', (assignments, change) => {
    expect(readChange(assignments)).toEqual(change)
  })

  it.each(['link.latency=40', 'link.latency=11s', 'link.loss=101%', 'link.loss=1', 'link.preset=4 G', 'link.up.rate=0Mbit', 'link.sideways.loss=1%', 'link.speed=1Mbit', 'link.up.down.loss=1%'])('refuses %s', (assignment) => {
    expect(() => readChange([assignment])).toThrow(CommandFailure)
  })

  it('refuses one given twice', () => {
    expect(() => readChange(['link.loss=1%', 'link.loss=2%'])).toThrow(/twice/)
  })
})

describe('formatLink', () => {
  it('says both directions once when they are alike', () => {
    const dsl = { ...unshaped, bitsPerSecond: 10_000_000, latencyMs: 12, jitterMs: 2 }
    expect(formatLink({ requested: { tx: dsl, rx: dsl }, effective: { tx: dsl, rx: dsl }, preset: 'x' })).toBe('x: 10Mbit 12ms ±2ms')
    const half = { tx: dsl, rx: { ...unshaped, loss: 0.002 } }
    expect(formatLink({ requested: half, effective: half, preset: null })).toBe('up 10Mbit 12ms ±2ms; down loss 0.2%')
    const plain = { tx: unshaped, rx: unshaped }
    expect(formatLink({ requested: plain, effective: plain, preset: 'unshaped' })).toBe('unshaped')
  })
})
