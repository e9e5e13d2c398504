import { expect, it } from 'vitest'
import { expose } from './exposition.ts'

it('writes help and type before the samples, and escapes what the format demands', () => {
  expect(expose([
    { name: 'a_total', type: 'counter', help: 'one\\two\nthree', samples: [{ labels: { guest: 'li"nu\\x\n' }, value: 1.5 }, { labels: {}, value: Infinity }] },
    { name: 'empty', type: 'gauge', help: 'left out', samples: [] },
    { name: 'b', type: 'gauge', help: 'b', samples: [{ labels: {}, value: 0 }] },
  ])).toBe('# HELP a_total one\\\\two\\nthree\n# TYPE a_total counter\na_total{guest="li\\"nu\\\\x\\n"} 1.5\na_total +Inf\n# HELP b b\n# TYPE b gauge\nb 0\n')
})
