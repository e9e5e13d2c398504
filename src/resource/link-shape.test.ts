import { describe, expect, it } from 'vitest'
import { unshaped } from '../contract/link.ts'
import { changeShape, isSameShape, shapeFrom, tighterRate } from './link-shape.ts'

const plain = { tx: unshaped, rx: unshaped }
const dsl = { tx: { ...unshaped, bitsPerSecond: 10, latencyMs: 12 }, rx: { ...unshaped, bitsPerSecond: 50, latencyMs: 12 } }

describe('changeShape', () => {
  it('keeps what is not named', () => {
    expect(changeShape(dsl, { tx: { loss: 0.1 } })).toEqual({ tx: { ...dsl.tx, loss: 0.1 }, rx: dsl.rx })
    expect(changeShape(dsl, { both: { latencyMs: undefined } })).toEqual(dsl)
  })

  it('takes the preset, then the rate, then both directions, then each its own', () => {
    const after = changeShape(plain, { preset: dsl, bitsPerSecond: 7, both: { latencyMs: 1 }, rx: { latencyMs: 2, bitsPerSecond: null } })
    expect(after).toEqual({ tx: { ...unshaped, bitsPerSecond: 7, latencyMs: 1 }, rx: { ...unshaped, bitsPerSecond: null, latencyMs: 2 } })
  })

  it('a preset takes everything else off', () => {
    expect(changeShape(dsl, { preset: plain })).toEqual(plain)
  })
})

describe('shapeFrom', () => {
  it('reads a definition older than shapes, and a bandwidth edited by hand', () => {
    expect(shapeFrom(undefined, null)).toEqual(plain)
    expect(tighterRate(shapeFrom(undefined, 5))).toBe(5)
    expect(shapeFrom(dsl, 10)).toEqual(dsl)
    expect(shapeFrom(dsl, null).rx).toEqual({ ...dsl.rx, bitsPerSecond: null })
  })
})

it('compares shapes by value, whatever else they carry', () => {
  expect(isSameShape(Object.assign(structuredClone(dsl), { name: 'dsl' }), structuredClone(dsl))).toBe(true)
  expect(isSameShape(dsl, plain)).toBe(false)
})
