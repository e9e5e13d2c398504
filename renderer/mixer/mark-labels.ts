import type { Mark } from '../../src/contract/control.ts'

/** How far apart two labels have to be not to run into each other, in percent of the track. */
const apart = 15

/** Which marks have room for their labels, given where each stands in percent. What has a meaning goes before mere guides. */
export function labelledMarks(marks: readonly (Pick<Mark, 'value' | 'kind'> & { readonly at: number })[]): ReadonlySet<number> {
  const kept: { readonly value: number; readonly at: number }[] = []
  for (const mark of marks.toSorted((left, right) => Number((left.kind ?? 'guide') === 'guide') - Number((right.kind ?? 'guide') === 'guide'))) {
    if (kept.every(({ at }) => Math.abs(at - mark.at) >= apart)) kept.push(mark)
  }
  return new Set(kept.map(({ value }) => value))
}
