import { expect, it } from 'vitest'
import { GuestName } from '../../src/contract/names.ts'
import { focusedGuest, layoutFor, rowsFor } from './layout.ts'

const names = ['a', 'b', 'c', 'd'].map((name) => GuestName.parse(name))

it('places every guest once in every layout but the one that shows one', () => {
  for (let count = 1; count <= 4; count += 1) {
    const order = names.slice(0, count)
    for (const layout of ['side-by-side', 'stacked', 'grid'] as const) expect(rowsFor(layout, order, null).flat()).toEqual(order)
    expect(rowsFor('focus', order, order[0] ?? null).flat()).toEqual(order.slice(0, 1))
  }
  for (const layout of ['side-by-side', 'stacked', 'grid', 'focus'] as const) expect(rowsFor(layout, [], null)).toEqual([])
})

it('makes the grid square', () => {
  expect(rowsFor('grid', names, null).map((row) => row.length)).toEqual([2, 2])
  expect(rowsFor('grid', names.slice(0, 3), null).map((row) => row.length)).toEqual([2, 1])
})

it('chooses by number of guests until somebody chooses', () => {
  expect([layoutFor({ layout: null }, 2), layoutFor({ layout: null }, 3), layoutFor({ layout: 'stacked' }, 3)]).toEqual(['side-by-side', 'grid', 'stacked'])
})

it('falls back to the first guest when the focused one is gone', () => {
  expect(focusedGuest({ focused: 'b' }, names)).toBe('b')
  expect(focusedGuest({ focused: 'gone' }, names)).toBe('a')
  expect(focusedGuest({ focused: null }, [])).toBeNull()
})
