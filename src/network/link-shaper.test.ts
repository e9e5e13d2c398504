import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LinkShaper, UNSHAPED, type LinkConditions } from './link-shaper.ts'
import { ReadBuffers } from './read-buffers.ts'

/** Runs frames of `bytes` (Ethernet) through a shaper; returns when each number came out. */
function pass(conditions: Partial<LinkConditions>, frames: readonly { atMs: number; bytes: number }[], random = () => 0.5) {
  const out: { number: number; atMs: number }[] = []
  let now = 0
  const shaper = new LinkShaper({ ...UNSHAPED, ...conditions }, new ReadBuffers(), random, (frame) => out.push({ number: (frame[0] ?? 0) * 256 + (frame[1] ?? 0), atMs: now }))
  const dropped: string[] = []
  const drain = (untilMs: number) => {
    while ((shaper.nextDueMs ?? Number.POSITIVE_INFINITY) <= untilMs) {
      now = shaper.nextDueMs ?? now
      shaper.release(now)
    }
  }
  for (const [number, { atMs, bytes }] of frames.entries()) {
    drain(atMs)
    now = atMs
    const frame = new Uint8Array(bytes + 4)
    frame[0] = number >> 8
    frame[1] = number & 255
    const outcome = shaper.enqueue(frame, now)
    if (outcome !== 'held') dropped.push(outcome)
  }
  drain(Number.MAX_SAFE_INTEGER)
  return { out, dropped, held: shaper.heldBytes }
}

const burst = (count: number, bytes: number) => Array.from({ length: count }, () => ({ atMs: 0, bytes }))

describe('LinkShaper', () => {
  it.each([1_000_000, 100_000_000, 1_000_000_000])('serialises at %i bit/s exactly', (bitsPerSecond) => {
    const { out } = pass({ bitsPerSecond }, burst(100, 1_500))
    expect(out.at(-1)?.atMs).toBeCloseTo((100 * 1_500 * 8 * 1_000) / bitsPerSecond, 6)
  })

  it('delays without slowing, keeps order, and loses nothing it took', () => {
    const frame = fc.record({ gap: fc.nat(5), bytes: fc.integer({ min: 14, max: 9_000 }) })
    const conditions = fc.record({ bitsPerSecond: fc.option(fc.integer({ min: 1_000_000, max: 1_000_000_000 }), { nil: null }), latencyMs: fc.nat(300), jitterMs: fc.nat(50) })
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 60 }), conditions, fc.integer(), (gaps, link, seed) => {
        let at = 0
        const frames = gaps.map(({ gap, bytes }) => ({ atMs: (at += gap), bytes }))
        let state = seed >>> 0
        const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
        const { out, dropped, held } = pass(link, frames, random)
        expect(out.length + dropped.length).toBe(frames.length)
        expect(held).toBe(0)
        expect(out.map((each) => each.number)).toEqual(out.map((each) => each.number).toSorted((left, right) => left - right))
        for (const { number, atMs } of out) expect(atMs).toBeGreaterThanOrEqual((frames[number]?.atMs ?? 0) + Math.max(0, link.latencyMs - link.jitterMs))
      }),
    )
  })

  it('loses the share asked for', () => {
    let state = 1
    const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
    const { dropped } = pass({ loss: 0.1 }, Array.from({ length: 10_000 }, (_, index) => ({ atMs: index, bytes: 100 })), random)
    // Binomial(10000, 0.1): 99 % lie within 2.576 x 30 of 1000.
    expect(Math.abs(dropped.length - 1_000)).toBeLessThan(78)
  })

  it('lets the share asked for overtake', () => {
    const rolls = [0.9, 0.9, 0.05, 0.9]
    const { out } = pass({ latencyMs: 50, reorder: 0.1 }, burst(4, 100), () => rolls.shift() ?? 0.5)
    expect(out.map((each) => [each.number, each.atMs])).toEqual([[2, 0], [0, 50], [1, 50], [3, 50]])
  })

  it('bounds its queue and drops the rest', () => {
    const { out, dropped } = pass({ bitsPerSecond: 1_000_000 }, burst(1_000, 1_500))
    expect(out.length).toBe(Math.floor(262_144 / 1_500))
    expect(new Set(dropped)).toEqual(new Set(['queue-full']))
  })

  it('moves what waits to new conditions without losing it', () => {
    const out: number[] = []
    const shaper = new LinkShaper({ ...UNSHAPED, bitsPerSecond: 1_000_000_000 }, new ReadBuffers(), () => 0.5, (frame) => out.push(frame.length))
    for (let count = 0; count < 500; count++) shaper.enqueue(new Uint8Array(1_504), 0)
    shaper.change({ ...UNSHAPED, bitsPerSecond: 8_000 }, 0)
    expect(shaper.nextDueMs).toBeCloseTo(1_500, 6)
    shaper.release(Number.POSITIVE_INFINITY)
    expect(out).toHaveLength(500)
  })

  it('keeps frames as they came, in memory it uses again, and leaves alone what a slow receiver still holds', () => {
    const buffers = new ReadBuffers()
    const used = new Set<ArrayBufferLike>()
    const waiting: { bytes: Uint8Array; number: number }[] = []
    let heard = 0
    const shaper = new LinkShaper({ ...UNSHAPED, latencyMs: 5 }, buffers, () => 0.5, (frame) => {
      expect(frame.every((byte) => byte === heard % 251)).toBe(true)
      used.add(frame.buffer)
      if (heard % 100 === 0 && buffers.hold(frame)) waiting.push({ bytes: frame, number: heard })
      if (waiting.length > 3) {
        const [oldest] = waiting.splice(0, 1)
        expect(oldest?.bytes.every((byte) => byte === oldest.number % 251)).toBe(true)
        if (oldest !== undefined) buffers.release(oldest.bytes)
      }
      heard++
    })
    const frame = new Uint8Array(9_018)
    for (let sent = 0; sent < 3_000; sent++) {
      shaper.enqueue(frame.fill(sent % 251), sent / 20)
      frame.fill(0xff)
      shaper.release(sent / 20)
    }
    shaper.release(Number.POSITIVE_INFINITY)
    expect(heard).toBe(3_000)
    // 27 MB passed; at most 100 frames were under way, and four buffers waited for the receiver.
    expect(used.size).toBeLessThan(12)
  })
})
