import { expect, it } from 'vitest'
import { labelledMarks } from './mark-labels.ts'

it('labels every mark that has room', () => {
  expect([...labelledMarks([{ value: 1, kind: 'guide', at: 0 }, { value: 2, kind: 'guide', at: 25 }, { value: 3, kind: 'guide', at: 50 }])]).toEqual([1, 2, 3])
})

it('leaves out the label of a guide that would run into another’s, and of none that means something', () => {
  const labelled = labelledMarks([{ value: 512, kind: 'guide', at: 2 }, { value: 1_024, kind: 'boot', at: 5 }, { value: 2_048, kind: 'guide', at: 11 }, { value: 16_384, kind: 'maximum', at: 100 }])
  expect([...labelled].toSorted((left, right) => left - right)).toEqual([1_024, 16_384])
})
