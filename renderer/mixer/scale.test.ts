import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTyped, type Range, scaleOf, spell } from './scale.ts'

const memory: Range = { minimum: 256, maximum: 2048, step: 64, unlimited: false, unit: 'MiB' }
const cpu: Range = { minimum: 10, maximum: 200, step: 5, unlimited: true, unit: 'percent' }
const link: Range = { minimum: 1e6, maximum: 1e10, step: 1, unlimited: true, unit: 'bit/s' }

describe('scaleOf', () => {
  it('puts the ends of an even range at the ends of the track', () => {
    const scale = scaleOf(memory)
    expect(scale.fromPosition(0)).toBe(256)
    expect(scale.fromPosition(scale.top)).toBe(2048)
    expect(scale.toPosition(2048)).toBe(scale.top)
  })

  it('keeps room above the maximum for "no limit", and only there', () => {
    for (const range of [cpu, link]) {
      const scale = scaleOf(range)
      expect(scale.fromPosition(scale.top)).toBeNull()
      expect(scale.toPosition(null)).toBe(scale.top)
      expect(scale.toPosition(range.maximum)).toBeLessThan(scale.top)
      expect(scale.fromPosition(scale.toPosition(range.maximum))).toBe(range.maximum)
    }
    expect(scaleOf(memory).fromPosition(scaleOf(memory).top + 5)).toBe(2048)
  })

  it('gives each factor of ten of a bit rate the same length', () => {
    const scale = scaleOf(link)
    const decades = [1e6, 1e7, 1e8, 1e9, 1e10].map((value) => scale.toPosition(value))
    const lengths = decades.slice(1).map((position, index) => position - (decades[index] ?? 0))
    for (const length of lengths) expect(length).toBeCloseTo(20, 6)
  })

  it('never goes down while the position goes up, and stays inside the range', () => {
    for (const range of [memory, cpu, link]) {
      const scale = scaleOf(range)
      let before = 0
      for (let position = 0; position <= scale.top; position += 1) {
        const value = scale.fromPosition(position) ?? Number.POSITIVE_INFINITY
        expect(value).toBeGreaterThanOrEqual(before)
        if (Number.isFinite(value)) expect(value).toBeLessThanOrEqual(range.maximum)
        before = value
      }
    }
  })

  it('finds a value again after a round trip, to a step or to two digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1e6, max: 1e10 }), (value) => {
        const scale = scaleOf(link)
        const back = scale.fromPosition(Math.round(scale.toPosition(value)))
        expect(Math.abs((back ?? 0) / value - 1)).toBeLessThan(0.13)
      }),
    )
  })
})

describe('parseTyped', () => {
  it.each([
    ['250 Mbit/s', link, 250e6],
    ['1.5G', link, 1.5e9],
    ['1,5 Gbit/s', link, 1.5e9],
    ['2000k', link, 2e6],
    ['40', link, 40e6],
    ['no limit', link, null],
    ['75 %', cpu, 75],
    ['no cap', cpu, null],
    ['512', memory, 512],
    ['1.5 GiB', memory, 1536],
  ] as const)('reads %s', (text, range, value) => {
    expect(parseTyped(text, range)).toEqual({ value })
  })

  it.each([
    ['9000', memory, 'Type a value between 256 MiB and 2 GiB.'],
    ['unlimited', memory, 'This value cannot be unlimited; type a number.'],
    ['lots', cpu, 'Type a number, for example 75 %.'],
    ['', cpu, 'Type a number, for example 75 %.'],
    ['10 parsecs', link, 'Type a number, for example 250 Mbit/s or 1 Gbit/s.'],
    ['1k', link, 'Type a value between 1 Mbit/s and 10 Gbit/s.'],
  ] as const)('says what is wrong with "%s"', (text, range, problem) => {
    expect(parseTyped(text, range)).toEqual({ problem })
  })

  it('reads back what it spells', () => {
    for (const [range, value] of [[link, 25e6], [link, null], [cpu, 75], [cpu, null], [memory, 1792]] as const) {
      expect(parseTyped(spell(value, range.unit), range)).toEqual({ value })
    }
  })
})

it('leaves and enters "no limit" with single steps, as arrow keys make them', () => {
  for (const range of [
    { minimum: 5, maximum: 200, step: 5, unlimited: true, unit: 'percent' },
    { minimum: 64_000, maximum: 10_000_000_000, step: 1, unlimited: true, unit: 'bit/s' },
  ] as const) {
    const scale = scaleOf(range)
    const below = scale.fromPosition(scale.toPosition(null) - 1, null)
    expect(below).toBe(range.maximum)
    expect(scale.fromPosition(scale.toPosition(below) + 1, below)).toBeNull()
  }
})
