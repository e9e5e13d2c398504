import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, putU32 } from './bytes.ts'
import { CORRUPT_LENGTH_BYTES, FrameReader, MAX_FRAME_BYTES, type FrameSink } from './frame-reader.ts'

class Collector implements FrameSink {
  readonly frames: Uint8Array[] = []
  readonly refusals: string[] = []
  frame(chunk: Uint8Array, start: number, end: number, prefix: readonly Uint8Array[] | null): void {
    this.frames.push(concat(...(prefix ?? []), chunk.subarray(start, end)))
  }
  refused(reason: 'runt' | 'oversize'): void {
    this.refusals.push(reason)
  }
}

function framed(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(4 + length)
  putU32(bytes, 0, length)
  for (let at = 4; at < bytes.length; at++) bytes[at] = (at * 31 + seed) & 0xff
  return bytes
}

/** Cuts the stream at the given points (fractions of its length). */
function chunked(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const points = [0, ...cuts.map((cut) => Math.floor(cut * stream.length)).sort((a, b) => a - b), stream.length]
  return points.slice(1).map((end, index) => stream.slice(points[index], end))
}

describe('FrameReader', () => {
  const lengths = fc.array(fc.oneof(fc.integer({ min: 0, max: 13 }), fc.integer({ min: 14, max: 200 }), fc.constantFrom(14, 1514, 65_549, 65_550, 70_000)), { maxLength: 12 })

  it('gives the same frames and refusals for every chunking', () => {
    fc.assert(
      fc.property(lengths, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 }), (sizes, cuts) => {
        const whole = sizes.map((size, index) => framed(size, index))
        const sink = new Collector()
        const reader = new FrameReader()
        for (const chunk of chunked(concat(...whole), cuts)) expect(reader.push(chunk, sink)).toBe(true)
        const expected = whole.filter((frame) => frame.length >= 18 && frame.length <= MAX_FRAME_BYTES + 4)
        expect(sink.frames.map((frame) => frame.length)).toEqual(expected.map((frame) => frame.length))
        expect(sink.frames.every((frame, index) => Buffer.compare(frame, expected[index] ?? new Uint8Array()) === 0)).toBe(true)
        expect(sink.refusals).toEqual(sizes.filter((size) => size < 14 || size > MAX_FRAME_BYTES).map((size) => (size < 14 ? 'runt' : 'oversize')))
      }),
      { numRuns: 200 },
    )
  })

  it('takes one byte at a time', () => {
    const whole = [framed(60, 1), framed(3, 2), framed(900, 3), framed(0, 4), framed(14, 5)]
    const sink = new Collector()
    const reader = new FrameReader()
    for (const byte of concat(...whole)) reader.push(Uint8Array.of(byte), sink)
    expect(sink.frames).toEqual([whole[0], whole[2], whole[4]])
    expect(sink.refusals).toEqual(['runt', 'runt'])
  })

  it('hands a frame inside one chunk on without a copy', () => {
    const chunk = concat(framed(60, 1), framed(61, 2))
    const seen: [Uint8Array, number, number][] = []
    new FrameReader().push(chunk, { frame: (from, start, end) => seen.push([from, start, end]), refused: () => {} })
    expect(seen).toEqual([[chunk, 0, 64], [chunk, 64, 129]])
    expect(seen[0]?.[0]).toBe(chunk)
  })

  it('stays corrupt after an absurd length, wherever the header was cut', () => {
    const bad = new Uint8Array(8)
    putU32(bad, 0, CORRUPT_LENGTH_BYTES + 1)
    for (const cut of [0, 1, 2, 3, 4, 5]) {
      const sink = new Collector()
      const reader = new FrameReader()
      const results = [reader.push(framed(20, 1), sink), reader.push(bad.slice(0, cut), sink), reader.push(bad.slice(cut), sink), reader.push(framed(20, 2), sink)]
      expect(results.at(-1)).toBe(false)
      expect(sink.frames).toHaveLength(1)
    }
  })
})
