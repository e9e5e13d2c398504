import { describe, expect, it } from 'vitest'
import { placeSnapshots } from './snapshot-tree.ts'

const node = (id: string, parent: string | null, minute: number) => ({ id, parent, takenAt: new Date(minute * 60_000).toISOString() })
const spots = (result: ReturnType<typeof placeSnapshots>) => Object.fromEntries(result.placed.map(({ id, column, lane }) => [id, [column, lane]]))

describe('the timeline of snapshots', () => {
  it('is one line while nothing branches, and ends in now', () => {
    const result = placeSnapshots([node('b', 'a', 2), node('a', null, 1)], { id: 'now', parent: 'b' })
    expect(spots(result)).toEqual({ a: [0, 0], b: [1, 0], now: [2, 0] })
    expect([result.columns, result.lanes]).toEqual([3, 1])
  })

  it('opens a lane for each younger branch', () => {
    const result = placeSnapshots([node('a', null, 1), node('b', 'a', 2), node('c', 'b', 3), node('d', 'a', 4), node('e', 'a', 5)], { id: 'now', parent: 'a' })
    expect(spots(result)).toEqual({ a: [0, 0], b: [1, 0], c: [2, 0], d: [1, 1], e: [1, 2], now: [1, 3] })
  })

  it('shows a snapshot whose parent was deleted as a root of its own', () => {
    expect(spots(placeSnapshots([node('a', null, 1), node('c', 'gone', 3)], null))).toEqual({ a: [0, 0], c: [0, 1] })
  })

  it('loses nothing to a circle, which only a damaged file could hold', () => {
    const result = placeSnapshots([node('a', 'b', 1), node('b', 'a', 2), node('c', null, 3)], null)
    expect(result.placed.map(({ id }) => id).sort()).toEqual(['a', 'b', 'c'])
  })

  it('is empty without snapshots', () => {
    expect(placeSnapshots([], null)).toEqual({ placed: [], columns: 0, lanes: 0 })
  })
})
