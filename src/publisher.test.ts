import { describe, expect, it } from 'vitest'
import { Publisher } from './publisher.ts'

describe('Publisher', () => {
  it('gives a late reader the first values, then what is published', async () => {
    const publisher = new Publisher<number>()
    const reader = publisher.subscribe([1])
    expect((await reader.next()).value).toBe(1)
    const next = reader.next()
    publisher.publish(2)
    expect((await next).value).toBe(2)
    await reader.return()
    expect(publisher.readers).toBe(0)
  })

  it('coalesces values of one key to the newest for a slow reader', async () => {
    const publisher = new Publisher<string>()
    const reader = publisher.subscribe(['first'])
    await reader.next()
    const pending = reader.next()
    publisher.publish('a1', 'a')
    await pending
    for (let index = 2; index <= 1_000; index += 1) publisher.publish(`a${index}`, 'a')
    publisher.publish('b', 'b')
    expect((await reader.next()).value).toBe('a1000')
    expect((await reader.next()).value).toBe('b')
  })

  it('keeps at most its limit of values without a key, dropping the oldest', async () => {
    const publisher = new Publisher<number>(3)
    const reader = publisher.subscribe([0])
    await reader.next()
    const pending = reader.next()
    publisher.publish(1)
    await pending
    for (let value = 2; value <= 10; value += 1) publisher.publish(value)
    expect([(await reader.next()).value, (await reader.next()).value, (await reader.next()).value]).toEqual([8, 9, 10])
  })

  it('ends when the signal aborts, even while waiting', async () => {
    const publisher = new Publisher<number>()
    const abort = new AbortController()
    const reader = publisher.subscribe([], abort.signal)
    const waiting = reader.next()
    abort.abort()
    expect((await waiting).done).toBe(true)
    expect(publisher.readers).toBe(0)
  })
})
