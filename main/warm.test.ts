import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { GuestName } from '../src/contract/names.ts'
import { untilSettled } from './warm.ts'

test('waiting for the desktops leaves nothing on its signal, and ends with it', async () => {
  const abort = new AbortController()
  const listeners: number[] = []
  const waiting = untilSettled(
    {
      guests: ['linux', 'windows'].map((name) => GuestName.parse(name)),
      requests: async () => {
        listeners.push(getEventListeners(abort.signal, 'abort').length)
        if (listeners.length === 3) abort.abort(new Error('no longer wanted'))
        return []
      },
      agentsLive: () => false,
      allRunning: () => true,
      nowMs: () => 0,
    },
    0,
    abort.signal,
  )
  await expect(waiting).rejects.toThrow('no longer wanted')
  expect(listeners).toEqual([0, 0, 0])
})
