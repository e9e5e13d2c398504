import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineDecoder } from './line-decoder.ts'

function decode(chunks: readonly Uint8Array[], maximumBytes = 1000): { lines: string[]; tooLong: number } {
  const seen = { lines: [] as string[], tooLong: 0 }
  const decoder = new LineDecoder({ maximumBytes, line: (line) => seen.lines.push(new TextDecoder().decode(line)), tooLong: () => seen.tooLong++ })
  for (const chunk of chunks) decoder.push(chunk)
  return seen
}
const bytes = (text: string) => new TextEncoder().encode(text)

test('lines come out the same whatever the chunking', () => {
  const lines = fc.array(fc.string({ unit: fc.constantFrom('a', 'ü', '{', ' ', '\t') }), { maxLength: 8 })
  fc.assert(
    fc.property(lines, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (texts, sizes) => {
      const whole = bytes(texts.map((text) => `${text}\n`).join(''))
      const chunks: Uint8Array[] = []
      for (let at = 0, turn = 0; at < whole.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1
        chunks.push(whole.slice(at, at + size))
        at += size
      }
      expect(decode(chunks).lines).toEqual(texts)
    }),
  )
})

test('CR before LF is dropped; an unfinished line is held back', () => {
  expect(decode([bytes('one\r\ntwo\nthr')]).lines).toEqual(['one', 'two'])
})

test('a line over the limit is dropped, told once, and the next one comes through', () => {
  const seen = decode([bytes('x'.repeat(6)), bytes('x'.repeat(6)), bytes('x\nnext\n')], 8)
  expect(seen).toEqual({ lines: ['next'], tooLong: 1 })
})

test('chunks are copied: their giver may reuse the memory', () => {
  const chunk = bytes('abc')
  const lines: string[] = []
  const decoder = new LineDecoder({ maximumBytes: 100, line: (line) => lines.push(new TextDecoder().decode(line)), tooLong: () => undefined })
  decoder.push(chunk)
  chunk.fill(0)
  decoder.push(bytes('\n'))
  expect(lines).toEqual(['abc'])
})
