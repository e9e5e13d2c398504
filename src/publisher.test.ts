import { describe, expect, it } from 'vitest'
import { Publisher } from './publisher.ts'

/** Reads what is there until the signal ends the stream. */
async function readAll(stream: AsyncGenerator<number, void, void>): Promise<number[]> {
  const values: number[] = []
  for await (const value of stream) values.push(value)
  return values
}

describe('Publisher', () => {
  it('gives a slow reader the newest of a key and every value without one', async () => {
    const publisher = new Publisher<number>()
    const stream = publisher.subscribe([0])
    expect((await stream.next()).value).toBe(0)
    const second = stream.next() // subscribed and waiting
    publisher.publish(1, 'sample')
    expect((await second).value).toBe(1)
    for (const [value, key] of [[2, 'sample'], [10], [3, 'sample'], [11], [4, 'sample']] as [number, string?][]) publisher.publish(value, key)
    expect([(await stream.next()).value, (await stream.next()).value, (await stream.next()).value].sort()).toEqual([10, 11, 4])
    await stream.return()
    expect(publisher.readers).toBe(0)
  })

  it('never holds more than its limit for a reader, dropping the oldest', async () => {
    const publisher = new Publisher<number>(3)
    const stream = publisher.subscribe([-1])
    await stream.next()
    const waiting = stream.next()
    publisher.publish(0)
    await waiting
    for (let value = 1; value <= 1000; value++) publisher.publish(value)
    expect([(await stream.next()).value, (await stream.next()).value, (await stream.next()).value]).toEqual([998, 999, 1000])
  })

  it('lets a reader go when its signal aborts, even while it waits', async () => {
    const publisher = new Publisher<number>()
    const controller = new AbortController()
    const all = readAll(publisher.subscribe([], controller.signal))
    await expect.poll(() => publisher.readers).toBe(1)
    controller.abort()
    expect(await all).toEqual([])
    expect(publisher.readers).toBe(0)
  })

  it('ends at once for a signal that is aborted already', async () => {
    expect(await readAll(new Publisher<number>().subscribe([], AbortSignal.abort()))).toEqual([])
  })
})
