import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat } from './bytes.ts'
import { TcpConnection, type TcpSink } from './tcp-connection.ts'
import { TCP_FLAG, type TcpSegment } from './tcp-segment.ts'

/** A sink that remembers; `backlogBytes` is set by the test. */
class Remembered implements TcpSink {
  backlogBytes = 0
  readonly heard: string[] = []
  bytes: Uint8Array = new Uint8Array()
  opened(): void {
    this.heard.push('opened')
  }
  data(bytes: Uint8Array): void {
    this.bytes = concat(this.bytes, bytes)
  }
  ended(): void {
    this.heard.push('ended')
  }
  closed(fault: string | null): void {
    this.heard.push(`closed ${fault ?? 'well'}`)
  }
  drained(): void {
    this.heard.push('drained')
  }
}

/** A guest's stack in its simplest form: acknowledges what comes in order, and sends `answer` once it heard our end. */
class Guest {
  readonly #send: (segment: TcpSegment) => void
  readonly #answer: Uint8Array
  readonly first = 0xffff_ff00 | 0
  heard: Uint8Array = new Uint8Array()
  #theirNext = 0
  #offset = 0
  #window = 0
  #acknowledged = 0
  #theyEnded = false
  readonly window: number

  constructor(send: (segment: TcpSegment) => void, answer: Uint8Array, window = 4_096) {
    this.#send = send
    this.#answer = answer
    this.window = window
  }

  receive(segment: TcpSegment): void {
    if ((segment.flags & TCP_FLAG.syn) !== 0) {
      this.#theirNext = (segment.sequence + 1) | 0
      this.#say(-1, TCP_FLAG.syn | TCP_FLAG.ack, new Uint8Array(), 500)
      return
    }
    this.#window = segment.window
    const acknowledged = (segment.acknowledgment - this.first) | 0
    if (acknowledged > this.#acknowledged) this.#acknowledged = acknowledged
    this.#offset = Math.max(this.#offset, this.#acknowledged)
    if (segment.sequence === this.#theirNext) {
      this.heard = concat(this.heard, segment.payload)
      this.#theirNext = (this.#theirNext + segment.payload.length) | 0
      if ((segment.flags & TCP_FLAG.fin) !== 0 && !this.#theyEnded) {
        this.#theirNext = (this.#theirNext + 1) | 0
        this.#theyEnded = true
      }
    }
    if (segment.payload.length > 0 || (segment.flags & TCP_FLAG.fin) !== 0) this.#say(this.#offset, TCP_FLAG.ack, new Uint8Array())
    if (this.#theyEnded) this.flow()
  }

  /** Repeats from the first unacknowledged byte. */
  retry(): void {
    this.#offset = this.#acknowledged
    if (this.#theyEnded) this.flow()
  }

  flow(): void {
    while (this.#offset <= this.#answer.length && this.#offset < this.#acknowledged + Math.max(1, this.#window)) {
      const end = Math.min(this.#answer.length, this.#offset + 300)
      const isLast = end === this.#answer.length
      this.#say(this.#offset, TCP_FLAG.ack | (isLast ? TCP_FLAG.fin : 0), this.#answer.subarray(this.#offset, end))
      this.#offset = isLast ? end + 1 : end
    }
  }

  #say(offset: number, flags: number, payload: Uint8Array, maxSegment: number | null = null): void {
    this.#send({ sourcePort: 80, destinationPort: 40_000, sequence: (this.first + offset) | 0, acknowledgment: this.#theirNext, flags, window: this.window, maxSegment, payload })
  }
}

interface Told {
  readonly segment: TcpSegment
  readonly toGuest: boolean
}

/** Connects both; `deliver` decides what reaches the other side. Time passes only by `tick`. */
function pair(answer: Uint8Array, keep: () => boolean = () => true) {
  const wire: Told[] = []
  let now = 0
  const sink = new Remembered()
  const guest = new Guest((segment) => wire.push({ segment, toGuest: false }), answer)
  const connection = new TcpConnection({ sourcePort: 40_000, destinationPort: 80, firstSequence: 0x7fff_fff0, maxSegment: 1_460, send: (segment) => wire.push({ segment, toGuest: true }), now: () => now }, sink)
  const settle = () => {
    for (let count = 0; wire.length > 0 && count < 100_000; count += 1) {
      const told = wire.shift()
      if (told === undefined || !keep()) continue
      if (told.toGuest) guest.receive(told.segment)
      else connection.receive(told.segment)
    }
  }
  const pass = (milliseconds: number) => {
    for (let at = 0; at < milliseconds && !connection.isClosed; at += 250) {
      now += 250
      connection.tick()
      guest.retry()
      settle()
    }
  }
  return { connection, guest, sink, settle, pass, wire }
}

const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 31) & 0xff)

describe('TcpConnection', () => {
  it('opens, carries both streams across the sequence wrap, and closes with both sides', () => {
    const { connection, guest, sink, settle } = pair(bytes(10_000))
    connection.write(bytes(20_000))
    connection.end()
    settle()
    expect(sink.heard).toEqual(['opened', 'ended', 'closed well'])
    expect(guest.heard).toEqual(bytes(20_000))
    expect(sink.bytes).toEqual(bytes(10_000))
    expect(connection.isClosed).toBe(true)
  })

  it('delivers everything, once and in order, whatever is lost', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 6_000 }), fc.integer({ min: 0, max: 6_000 }), fc.infiniteStream(fc.integer({ min: 0, max: 9 })), (up, down, dice) => {
        const { connection, guest, sink, settle, pass } = pair(bytes(down), () => dice.next().value !== 0)
        connection.write(bytes(up))
        connection.end()
        settle()
        pass(60_000)
        // The very last acknowledgment may be lost; the bytes may not.
        expect([Buffer.compare(guest.heard, bytes(up)), Buffer.compare(sink.bytes, bytes(down))]).toEqual([0, 0])
        expect(sink.heard.slice(0, 2)).toEqual(['opened', 'ended'])
      }),
      { numRuns: 200 },
    )
  })

  it('scales its window for a guest that does too, and not for one that does not', () => {
    const scaled = (windowScale: number | null) => {
      const { connection, wire } = pair(new Uint8Array())
      const syn = wire[0]?.segment
      expect(syn).toMatchObject({ windowScale: 4, window: 65_535 })
      connection.receive({ sourcePort: 80, destinationPort: 40_000, sequence: 99, acknowledgment: 0x7fff_fff0, flags: TCP_FLAG.syn | TCP_FLAG.ack, window: 1_000, maxSegment: 1_460, windowScale, payload: new Uint8Array() })
      connection.write(bytes(200_000))
      const first = wire.filter((told) => told.toGuest && told.segment.payload.length > 0).reduce((sum, told) => sum + told.segment.payload.length, 0)
      connection.receive({ sourcePort: 80, destinationPort: 40_000, sequence: 100, acknowledgment: (0x7fff_fff0 + 1_000) | 0, flags: TCP_FLAG.ack, window: 5_000, maxSegment: null, payload: new Uint8Array() })
      const sent = wire.filter((told) => told.toGuest).reduce((sum, told) => sum + told.segment.payload.length, 0)
      return { offered: wire[1]?.segment.window, first, after: sent - first }
    }
    // The window in a SYN is never scaled (RFC 7323 section 2.2); afterwards 5,000 stands for 40,000.
    expect(scaled(3)).toEqual({ offered: 524_288 >> 4, first: 1_000, after: 40_000 })
    expect(scaled(null)).toEqual({ offered: 65_535, first: 1_000, after: 5_000 })
  })

  it('puts segments that come in any order, twice and overlapping, together', () => {
    const content = bytes(3_000)
    const pieces = fc.array(fc.record({ from: fc.integer({ min: 0, max: 2_999 }), length: fc.integer({ min: 1, max: 700 }) }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(pieces, (some) => {
        const { connection, sink, wire } = pair(new Uint8Array())
        const base = 0xffff_fc00 | 0 // the numbers wrap in the middle
        const segment = (from: number, end: number, flags: number): TcpSegment => ({ sourcePort: 80, destinationPort: 40_000, sequence: (base + 1 + from) | 0, acknowledgment: 0x7fff_fff0, flags, window: 9_000, maxSegment: null, windowScale: null, payload: content.slice(from, end) })
        connection.receive({ ...segment(0, 0, TCP_FLAG.syn | TCP_FLAG.ack), sequence: base })
        for (const { from, length } of some) connection.receive(segment(from, Math.min(3_000, from + length), TCP_FLAG.ack))
        const reached = ((wire.at(-1)?.segment.acknowledgment ?? 0) - base - 1) | 0
        expect(Buffer.compare(sink.bytes, content.subarray(0, reached))).toBe(0)
        // Whatever came before, everything in order completes it.
        for (let from = 0; from < 3_000; from += 500) connection.receive(segment(from, from + 500, from === 2_500 ? TCP_FLAG.ack | TCP_FLAG.fin : TCP_FLAG.ack))
        expect(Buffer.compare(sink.bytes, content)).toBe(0)
        expect(sink.heard).toEqual(['opened', 'ended'])
      }),
      { numRuns: 300 },
    )
  })

  it('asks for patience when much waits, and says when there is room', () => {
    const { connection, sink, settle } = pair(new Uint8Array())
    expect(connection.write(bytes(100_000))).toBe(true)
    expect(connection.write(bytes(300_000))).toBe(false)
    settle()
    expect(sink.heard).toEqual(['opened', 'drained'])
  })

  it('never takes more than the window it offered while its sink is full, and goes on afterwards', () => {
    const { connection, sink, settle, pass } = pair(bytes(5_000))
    connection.end()
    sink.backlogBytes = 65_535
    settle()
    pass(1_000)
    expect(sink.bytes.length).toBe(0)
    sink.backlogBytes = 0
    connection.windowOpened()
    settle()
    pass(1_000)
    expect(sink.bytes).toEqual(bytes(5_000))
  })

  it('says that nothing listens, and that nobody answers', () => {
    const refused = pair(new Uint8Array())
    const [told] = refused.wire
    if (told === undefined) throw new Error('no SYN was sent')
    const reset = { ...told.segment, sourcePort: 80, destinationPort: 40_000, sequence: 0, acknowledgment: (told.segment.sequence + 1) | 0, flags: TCP_FLAG.rst | TCP_FLAG.ack }
    refused.connection.receive({ ...reset, acknowledgment: 7 })
    expect(refused.connection.isClosed).toBe(false) // a blind reset is none
    refused.connection.receive(reset)
    expect(refused.sink.heard).toEqual(['closed refused: nothing listens on that port'])
    const silent = pair(new Uint8Array(), () => false)
    silent.pass(10_000)
    expect(silent.sink.heard).toEqual(['closed the guest does not answer'])
  })

  it('tells the guest when it gives up', () => {
    const { connection, sink, settle, wire } = pair(bytes(10))
    settle()
    connection.abort()
    expect(wire.at(-1)?.segment.flags).toBe(TCP_FLAG.rst | TCP_FLAG.ack)
    expect(sink.heard).toEqual(['opened', 'closed given up by this side'])
  })
})
