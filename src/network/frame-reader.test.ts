import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, putU32 } from './bytes.ts'
import { CORRUPT, CORRUPT_LENGTH_BYTES, FrameReader, MAX_FRAME_BYTES, type FrameSink } from './frame-reader.ts'

class Collector implements FrameSink {
  readonly frames: Uint8Array[] = []
  readonly refusals: string[] = []
  frame(chunk: Uint8Array, start: number, end: number): void {
    this.frames.push(chunk.slice(start, end))
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

/** Pushes chunk after chunk, each behind what was left of the one before; the last answer. */
function pushAll(reader: FrameReader, chunks: readonly Uint8Array[], sink: FrameSink): number {
  let cut = new Uint8Array()
  let left = 0
  for (const chunk of chunks) {
    const shown = concat(cut, chunk)
    left = reader.push(shown, sink)
    if (left === CORRUPT) return CORRUPT
    cut = shown.slice(shown.length - left)
  }
  return left
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
        expect(pushAll(new FrameReader(), chunked(concat(...whole), cuts), sink)).toBe(0)
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
    expect(pushAll(new FrameReader(), [...concat(...whole)].map((byte) => Uint8Array.of(byte)), sink)).toBe(0)
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

  it('leaves a cut frame to whoever pushes, header and all', () => {
    const chunk = concat(framed(60, 1), framed(900, 2))
    for (const missing of [1, 899, 900, 901, 903]) {
      const sink = new Collector()
      expect(new FrameReader().push(chunk.subarray(0, chunk.length - missing), sink)).toBe(904 - missing)
      expect(sink.frames).toHaveLength(1)
    }
  })

  it('stays corrupt after an absurd length, wherever the header was cut', () => {
    const bad = new Uint8Array(8)
    putU32(bad, 0, CORRUPT_LENGTH_BYTES + 1)
    for (const cut of [0, 1, 2, 3, 4, 5]) {
      const sink = new Collector()
      const reader = new FrameReader()
      expect(pushAll(reader, [framed(20, 1), bad.slice(0, cut), bad.slice(cut)], sink)).toBe(CORRUPT)
      expect(reader.push(framed(20, 2), sink)).toBe(CORRUPT)
      expect(sink.frames).toHaveLength(1)
    }
  })
})
