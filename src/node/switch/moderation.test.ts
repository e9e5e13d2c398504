import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, expect, it, vi } from 'vitest'
import { Moderation } from './moderation.ts'

const wait = vi.spyOn(Atomics, 'wait')
afterEach(() => wait.mockClear())

it('rests once a turn of the loop, however many connections are flooded', async () => {
  const moderation = new Moderation()
  for (let connection = 0; connection < 5; connection++) moderation.passedOn(100, 6_800)
  expect(wait).not.toHaveBeenCalled()
  await turn()
  expect(wait).toHaveBeenCalledTimes(1)
  moderation.passedOn(100, 6_800)
  await turn()
  expect(wait).toHaveBeenCalledTimes(2)
})

it('delays nobody who sends few or long frames', async () => {
  const moderation = new Moderation()
  moderation.passedOn(1, 68)
  moderation.passedOn(15, 1_020)
  moderation.passedOn(100, 151_800)
  moderation.passedOn(0, 65_536)
  await turn()
  expect(wait).not.toHaveBeenCalled()
})
