import { expect, it } from 'vitest'
import { dropInWords } from '../src/contract/drops.ts'
import { DROP_REASONS } from '../src/network/drops.ts'

it.each(DROP_REASONS)('says in plain words, beside its name, why a frame was dropped: %s', (reason) => {
  expect(dropInWords(reason, 3)).toMatch(new RegExp(`^3 [A-Za-z ]{15,} \\(${reason}\\)$`))
})

it('tells a reason of a newer switch by its name', () => {
  expect(dropInWords('sunspots', 2)).toBe('2 sunspots')
})
