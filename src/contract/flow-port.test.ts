import { describe, expect, it } from 'vitest'
import { FlowPort, type FlowMessage, type MessagePortLike } from './flow-port.ts'

const closing = Symbol('close')

/** Two joined ports that deliver when told to, so that a test decides who is slow. */
function pair() {
  const ends = [0, 1].map(() => ({ handler: (_event: { data: unknown }) => undefined as unknown, onClose: () => undefined as unknown, inbox: [] as unknown[] }))
  const port = (own: number): MessagePortLike => ({
    set onmessage(handler: ((event: never) => void) | null) {
      const end = ends[own]
      if (end !== undefined) end.handler = (event) => handler?.(event as never)
    },
    postMessage: (message) => void ends[1 - own]?.inbox.push(message),
    addEventListener: (_type, listener) => {
      const end = ends[own]
      if (end !== undefined) end.onClose = listener
    },
    close: () => void ends[1 - own]?.inbox.push(closing), // after what was sent, as real ports do
  })
  /** Delivers up to `count` messages to one end; returns how many there were. */
  const deliver = (to: number, count = Infinity) => {
    const end = ends[to]
    if (end === undefined) return 0
    let delivered = 0
    for (; end.inbox.length > 0 && delivered < count; delivered += 1) {
      const data = end.inbox.shift()
      if (data === closing) end.onClose()
      else end.handler({ data })
    }
    return delivered
  }
  return { ports: [port(0), port(1)] as const, deliver, waiting: (at: number) => ends[at]?.inbox.length }
}

function joined(window: number, onMessage: (message: FlowMessage) => void | Promise<void>) {
  const { ports, deliver, waiting } = pair()
  const closed: string[] = []
  const options = { window, unitsOf: () => 1, onClose: (reason: string, code: number) => void closed.push(`${code} ${reason}`) }
  const sender = new FlowPort(ports[0], { ...options, onMessage: () => undefined })
  const receiver = new FlowPort(ports[1], { ...options, onMessage })
  return { sender, receiver, deliver, waiting, closed }
}

describe('FlowPort', () => {
  it('never has more than its window on the way, and loses and reorders nothing', async () => {
    const got: FlowMessage[] = []
    const { sender, deliver, waiting } = joined(8, (message) => void got.push(message))
    const sent = Array.from({ length: 1000 }, (_, index) => String(index))
    for (const message of sent) sender.send(message)
    for (let round = 0; got.length < sent.length; round++) {
      expect(waiting(1)).toBeLessThanOrEqual(8)
      expect(deliver(1, 1 + (round % 5)) + deliver(0)).toBeGreaterThan(0)
    }
    expect(got).toEqual(sent)
    await sender.drained()
    expect(sender.pending).toBeLessThan(8)
  })

  it('says when the window is used up, and when there is room again', async () => {
    const { sender, deliver } = joined(2, () => undefined)
    expect([sender.send('a'), sender.send('b'), sender.send('c')]).toEqual([true, false, false])
    let drained = false
    const wait = sender.drained().then(() => (drained = true))
    await Promise.resolve()
    expect(drained).toBe(false)
    deliver(1)
    deliver(0)
    await wait
    expect(drained).toBe(true)
  })

  it('acknowledges only what has been dealt with', async () => {
    let finish: () => void = () => undefined
    const { sender, deliver } = joined(1, () => new Promise<void>((resolve) => (finish = resolve)))
    sender.send('slow')
    deliver(1)
    expect(deliver(0)).toBe(0)
    finish()
    await Promise.resolve()
    await Promise.resolve()
    deliver(0)
    expect(sender.pending).toBe(0)
  })

  it('ends both sides with the reason, wakes who waits, and forgets what was queued', async () => {
    const { sender, deliver, closed } = joined(1, () => undefined)
    sender.send('a')
    sender.send('b')
    const wait = sender.drained()
    sender.close('enough', 1000)
    sender.close('again')
    await wait
    deliver(1)
    expect(closed).toEqual(['1000 enough', '1000 enough'])
    expect(sender.send('late')).toBe(true)
  })

  it('closes when the handler fails, saying why', async () => {
    const { sender, deliver, closed } = joined(4, () => Promise.reject(new Error('disk full')))
    sender.send('a')
    deliver(1)
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(closed[0]).toBe('1011 disk full')
  })
})
