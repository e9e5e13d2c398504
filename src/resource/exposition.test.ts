import { expect, it } from 'vitest'
import { readExposition } from '../../test/support/exposition.ts'
import { expose } from './exposition.ts'

const families = [
  { name: 'a_total', type: 'counter', help: 'one\\two\nthree', samples: [{ labels: { guest: 'li"nu\\x\n' }, value: 1.5 }, { labels: {}, value: Infinity }] },
  { name: 'empty', type: 'gauge', help: 'left out', samples: [] },
  { name: 'b', type: 'gauge', help: 'b', samples: [{ labels: {}, value: 0 }] },
] as const

it('writes help and type before the samples, and escapes what the format demands', () => {
  expect(expose(families)).toBe('# HELP a_total one\\\\two\\nthree\n# TYPE a_total counter\na_total{guest="li\\"nu\\\\x\\n"} 1.5\na_total +Inf\n# HELP b b\n# TYPE b gauge\nb 0\n')
})

it('is read by a reader that forgives nothing', () => {
  const read = readExposition(expose(families))
  expect([...read.keys()]).toEqual(['a_total', 'b'])
  expect([...(read.get('a_total')?.samples.values() ?? [])]).toEqual([1.5, Infinity])
})

it.each([
  ['a sample twice', 'b 0\n', 'b 0\nb 1\n'],
  ['no end of the last line', 'b 0\n', 'b 0'],
  ['a quote in a label', 'b 0\n', 'b{guest="li"nux"} 0\n'],
  ['a counter without _total', '# TYPE b gauge', '# TYPE b counter'],
  ['a sample of another family', 'b 0\n', 'a_total 0\n'],
  ['a comma for a point', 'b 0\n', 'b 0,5\n'],
  ['a family twice', 'b 0\n', 'b 0\n# HELP b b\n# TYPE b gauge\nb 1\n'],
])('the reader refuses %s', (_what, good, bad) => {
  const text = expose(families)
  expect(text).toContain(good)
  expect(() => readExposition(text.replace(good, bad))).toThrow()
})
