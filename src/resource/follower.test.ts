import { expect, it } from 'vitest'
import { Follower, type Watch } from './follower.ts'

/** A clock that moves a second with every look at it. */
function clocked() {
  let now = 0
  return new Follower(() => (now += 1_000))
}
const watch = (values: (number | null)[], patienceMs = 3_000): Watch => ({
  read: async () => values.shift() ?? null,
  arrived: (value) => value === 5,
  patienceMs,
  pollMs: 0,
  stopped: (last) => `stays at ${last}`,
})

it('settles when the value has arrived', async () => {
  const follower = clocked()
  const followed = follower.follow(watch([1, 2, 3, 4, 5]))
  expect(follower.state.status).toBe('following')
  await followed
  expect(follower.state).toEqual({ status: 'settled', note: null })
})

it('gives up only after the value has stood still', async () => {
  const follower = clocked()
  await follower.follow(watch([1, 2, 3, 4, 4, 4, 4, 4, 4]))
  expect(follower.state).toEqual({ status: 'not-followed', note: 'stays at 4' })
})

it('a newer request ends an older watch, and an end ends the last', async () => {
  const follower = clocked()
  const older = follower.follow({ ...watch([]), read: () => new Promise((resolve) => setTimeout(() => resolve(5), 30)), patienceMs: 1e9 })
  await follower.follow(watch([4, 4, 4, 4, 4, 4]))
  await older
  expect(follower.state.note).toBe('stays at 4')
  follower.end()
  expect(follower.state.status).toBe('settled')
})
