import { expect, it } from 'vitest'
import { Barrier } from './barrier.ts'

it('lets nobody pass before all are there, as often as they come', async () => {
  const barrier = new Barrier(3)
  const seen: string[] = []
  const walk = async (name: string, steps: number) => {
    for (let step = 0; step < 3; step += 1) {
      for (let wait = 0; wait < steps; wait += 1) await Promise.resolve()
      seen.push(`${step} ${name}`)
      await barrier.arrive()
    }
  }
  await Promise.all([walk('quick', 1), walk('slow', 20), walk('slower', 40)])
  expect(seen.map((each) => each[0])).toEqual(['0', '0', '0', '1', '1', '1', '2', '2', '2'])
})

it('tells those who wait, and those who come later, why one failed', async () => {
  const barrier = new Barrier(2)
  const waiting = barrier.arrive()
  barrier.fail(new Error('no room'))
  barrier.fail(new Error('a consequence'))
  await expect(waiting).rejects.toThrow('no room')
  await expect(barrier.arrive()).rejects.toThrow('no room')
})
