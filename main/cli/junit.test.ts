import { expect, it } from 'vitest'
import { junitReport } from './junit.ts'

it('counts, escapes and leaves nothing XML forbids', () => {
  const report = junitReport('diptych web', [
    { name: 'linux opens http://windows/?a=1&b="2"', seconds: 0.0314, failure: null, output: '<title>' },
    { name: 'windows opens', seconds: 10, failure: 'status 0: it said \u0007 "no"', output: '' },
  ])
  expect(report).toContain('tests="2" failures="1" errors="0" time="10.031"')
  expect(report).toContain('name="linux opens http://windows/?a=1&amp;b=&quot;2&quot;" time="0.031"><system-out>&lt;title&gt;</system-out>')
  expect(report).toContain('<failure message="status 0: it said \ufffd &quot;no&quot;"/>')
})
