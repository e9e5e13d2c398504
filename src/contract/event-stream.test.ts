import { describe, expect, it } from 'vitest'
import { EventStream } from './event-stream.ts'

const sample = (value: number) => ({ key: 'sample', value })
const line = (value: number) => ({ key: null, value })
type Event = { key: string | null; value: number }

async function drain(stream: EventStream<Event>): Promise<number[]> {
  stream.end()
  const values: number[] = []
  for await (const event of stream) values.push(event.value)
  return values
}

describe('EventStream', () => {
  it('keeps the newest of a key and every event without one', async () => {
    const stream = new EventStream<Event>({ keyOf: (event) => event.key })
    for (const event of [sample(1), line(10), sample(2), line(11), sample(3)]) stream.push(event)
    expect(await drain(stream)).toEqual([10, 11, 3])
  })

  it('never holds more than its limit, dropping the oldest', async () => {
    const stream = new EventStream<Event>({ keyOf: (event) => event.key, limit: 3 })
    for (let value = 0; value < 1000; value++) stream.push(line(value))
    expect(stream.backlog).toBe(3)
    expect(await drain(stream)).toEqual([997, 998, 999])
  })

  it('hands an event straight to a waiting reader', async () => {
    const stream = new EventStream<Event>({ keyOf: (event) => event.key })
    const next = stream.next()
    stream.push(sample(7))
    expect(await next).toEqual({ done: false, value: sample(7) })
    expect(stream.backlog).toBe(0)
  })

  it('ends a waiting reader and unsubscribes once, when the signal aborts', async () => {
    const controller = new AbortController()
    let ended = 0
    const stream = new EventStream<Event>({ keyOf: () => null, signal: controller.signal, onEnd: () => ended++ })
    const next = stream.next()
    controller.abort()
    stream.end()
    await stream.return()
    expect(await next).toEqual({ done: true, value: undefined })
    expect(ended).toBe(1)
  })

  it('is over at once for a signal that is aborted already', async () => {
    let ended = 0
    const stream = new EventStream<Event>({ keyOf: () => null, signal: AbortSignal.abort(), onEnd: () => ended++ })
    stream.push(sample(1))
    expect(await stream.next()).toEqual({ done: true, value: undefined })
    expect(ended).toBe(1)
  })
})
