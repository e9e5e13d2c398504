import { expect, it } from 'vitest'
import { Keeper } from './keeper.ts'

it('writes one at a time, puts together what comes meanwhile, and says when it is written', async () => {
  const written: object[] = []
  const open: (() => void)[] = []
  const keeper = new Keeper<{ a: number; b: number }>(async (values) => {
    await new Promise<void>((resolve) => open.push(resolve))
    written.push(values)
  })
  const first = keeper.keep({ a: 1 })
  await Promise.resolve()
  const later = [keeper.keep({ a: 2 }), keeper.keep({ b: 3 }), keeper.keep({ a: 4 })]
  open.shift()?.()
  await first
  expect(written).toEqual([{ a: 1 }])
  while (open.length === 0) await Promise.resolve()
  open.shift()?.()
  await Promise.all(later)
  expect(written).toEqual([{ a: 1 }, { a: 4, b: 3 }])
})
