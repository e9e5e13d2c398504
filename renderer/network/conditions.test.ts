import { describe, expect, it } from 'vitest'
import { conditionScales, isSymmetric, shapeWords, stopOf } from './conditions.ts'

const plain = { bitsPerSecond: null, latencyMs: 0, jitterMs: 0, loss: 0, reorder: 0 }

describe('conditions', () => {
  it('finds its own stops again, and the nearest for values between them', () => {
    for (const scale of conditionScales) scale.stops.forEach((stop, index) => expect(stopOf(scale, stop)).toBe(index))
    const [rate, latency] = conditionScales
    if (rate === undefined || latency === undefined) throw new Error('no scales')
    expect(rate.stops[stopOf(rate, 12e6)]).toBe(10e6)
    expect(latency.stops[stopOf(latency, 0.2)]).toBe(0)
    expect(latency.stops[stopOf(latency, 9_000)]).toBe(2_000)
  })

  it('says what a link does', () => {
    expect(shapeWords({ tx: plain, rx: plain })).toBeNull()
    expect(shapeWords({ tx: { ...plain, bitsPerSecond: 10e6, latencyMs: 12 }, rx: { ...plain, bitsPerSecond: 50e6, loss: 0.005 } })).toBe('10 Mbit/s, 12 ms, 0.5 % loss')
    expect(shapeWords({ tx: { ...plain, reorder: 0.1 }, rx: plain })).toBeNull()
    expect(shapeWords({ tx: { ...plain, reorder: 0.1, latencyMs: 20 }, rx: plain })).toBe('20 ms, 10 % reordered')
    expect([isSymmetric({ tx: plain, rx: { ...plain } }), isSymmetric({ tx: plain, rx: { ...plain, loss: 0.1 } })]).toEqual([true, false])
  })
})
