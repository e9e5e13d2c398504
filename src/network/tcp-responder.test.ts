import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asciiBytes, concat } from './bytes.ts'
import { TcpResponder, type TcpPeer, type TcpService } from './tcp-responder.ts'
import { encodeTcp, parseTcp, TCP_FLAG, type TcpSegment } from './tcp-segment.ts'

const { syn, ack, fin, rst, push } = TCP_FLAG
const GATEWAY = 0x0a4d0001
const peerAt = (address: number, owner: object = {}): TcpPeer => ({ owner, key: String(address), encode: (written) => encodeTcp(GATEWAY, address, written) })
const peer = peerAt(0x0a4d000b)
const text = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes)
const segment = (fields: Partial<TcpSegment>): TcpSegment => ({ sourcePort: 40_000, destinationPort: 80, sequence: 0, acknowledgment: 0, flags: ack, window: 65_535, maxSegment: null, windowScale: null, payload: new Uint8Array(), ...fields })

function read(bytes: Uint8Array): TcpSegment {
  const parsed = parseTcp(bytes)
  if (parsed === null) throw new Error('unreadable')
  return parsed
}

/** Requests end with an empty line. */
const page = (bytes: number, change: Partial<TcpService<TcpPeer>> = {}): TcpService<TcpPeer> => ({
  port: 80,
  once: true,
  measure: (received) => {
    const at = text(received).indexOf('\r\n\r\n')
    return at < 0 ? 0 : at + 4
  },
  admits: () => true,
  tooLong: asciiBytes('too long'),
  respond: (request) => asciiBytes(`${request.length}:`.padEnd(bytes, 'x')),
  ...change,
})

/** Requests are words that end with a space, many to a connection. */
const words = (respond: TcpService<TcpPeer>['respond'], change: Partial<TcpService<TcpPeer>> = {}): TcpService<TcpPeer> => page(0, {
  once: false,
  measure: (received) => (received.length > 100 && !received.includes(32) ? 'too-long' : received.indexOf(32) + 1),
  respond,
  ...change,
})

/** A server of one port, its clock, and what it said of its own accord. */
class Server {
  now = 0
  readonly said: TcpSegment[] = []
  readonly responder: TcpResponder<TcpPeer>

  constructor(service: TcpService<TcpPeer>) {
    this.responder = new TcpResponder({ service, random: () => 0.999_99, now: () => this.now, send: (_peer, segments) => this.said.push(...segments.map(read)) })
  }

  hear(fields: Partial<TcpSegment>, from = peer): TcpSegment[] {
    return this.responder.receive(segment(fields), from).map(read)
  }

  tick(afterMs: number): TcpSegment[] {
    this.now += afterMs
    return this.responder.tick().flatMap(({ segments }) => segments.map(read))
  }

  /** Opens a connection whose client's first byte is number 100; the number of the server's. */
  open(): number {
    const [answer] = this.hear({ flags: syn, sequence: 99 })
    const first = ((answer?.sequence ?? 0) + 1) >>> 0
    this.hear({ sequence: 100, acknowledgment: first })
    return first
  }
}

describe('TcpResponder', () => {
  const link = { window: fc.constantFrom(1_000, 4_000, 65_535), first: fc.constantFrom(0, 0xffff_fff0, 0x7fff_fff0), seed: fc.integer() }

  /** A client as small as can be, on a link that loses a fifth each way: says everything again until it has heard the end. */
  function converse(server: Server, request: string, { window, first, seed, flags = ack, meanwhile = () => {} }: { window: number; first: number; seed: number; flags?: number; meanwhile?: () => void }): string {
    let state = seed >>> 0
    const roll = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
    let serverNext: number | null = null
    let received = new Uint8Array()
    let ended = false
    const hear = (answers: TcpSegment[]) => {
      for (const answer of answers) {
        if (roll() < 0.2) continue
        expect(answer.flags & rst).toBe(0)
        if ((answer.flags & syn) !== 0) serverNext ??= (answer.sequence + 1) >>> 0
        if (serverNext === null || answer.sequence >>> 0 !== serverNext) continue
        received = new Uint8Array(concat(received, answer.payload))
        serverNext = (serverNext + answer.payload.length) >>> 0
        if ((answer.flags & fin) === 0 || ended) continue
        ended = true
        serverNext = (serverNext + 1) >>> 0
      }
    }
    const after = (first + 1) >>> 0
    for (let round = 0; round < 400; round++) {
      if (ended && server.responder.connections === 0) break
      server.now += 600
      if (roll() > 0.2) {
        if (serverNext === null) hear(server.hear({ sequence: first, flags: syn, window, maxSegment: 1_460 }))
        else if (!ended) hear(server.hear({ sequence: after, acknowledgment: serverNext, window, flags, payload: asciiBytes(request) }))
        else hear(server.hear({ sequence: (after + request.length) >>> 0, acknowledgment: serverNext, flags: ack | fin, window }))
      }
      meanwhile()
      hear(server.said.splice(0))
      hear(server.tick(0))
    }
    expect(server.responder.connections).toBe(0)
    return text(received)
  }

  it('serves a whole exchange whatever is lost or repeated, near the end of the number space too', () => {
    fc.assert(
      fc.property(fc.record({ bytes: fc.integer({ min: 1, max: 12_000 }), ...link }), ({ bytes, ...conditions }) => {
        const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
        expect(converse(new Server(page(bytes)), request, conditions)).toBe(`${request.length}:`.padEnd(bytes, 'x'))
      }),
      { numRuns: 200 },
    )
  })

  it('answers many requests of one connection, at once or later, each once', () => {
    fc.assert(
      fc.property(fc.record({ asked: fc.array(fc.record({ late: fc.boolean(), length: fc.nat(3_000) }), { minLength: 1, maxLength: 20 }), ...link }), ({ asked, ...conditions }) => {
        const waiting: (() => void)[] = []
        let at = 0
        const server = new Server(words((request, _peer, answered) => {
          const { late, length } = asked[at++] ?? { late: false, length: 0 }
          const answer = asciiBytes(`${text(request)}${'.'.repeat(length)} `)
          if (!late) return answer
          waiting.push(() => answered(answer))
          return 'later'
        }))
        const heard = converse(server, asked.map((_, index) => `${index} `).join(''), { ...conditions, flags: ack | fin, meanwhile: () => waiting.pop()?.() })
        const answers = heard.split(' ').filter((word) => /^\d/.test(word)).map(Number)
        expect(answers.toSorted((left, right) => left - right)).toEqual([...asked.keys()])
        expect(heard.replaceAll(/[^.]/g, '')).toHaveLength(asked.reduce((sum, { length }) => sum + length, 0))
      }),
      { numRuns: 100 },
    )
  })

  it('answers what it was asked before the client ended its side, then ends its own', () => {
    const answers: ((answer: Uint8Array) => void)[] = []
    const server = new Server(words((_request, _peer, answered) => (answers.push(answered), 'later')))
    const first = server.open()
    expect(server.hear({ sequence: 100, acknowledgment: first, flags: ack | fin, payload: asciiBytes('one two ') })).toMatchObject([{ flags: ack, acknowledgment: 109 }])
    answers[1]?.(asciiBytes('2'))
    expect(server.said.splice(0)).toMatchObject([{ payload: asciiBytes('2') }])
    answers[0]?.(asciiBytes('1'))
    expect(server.said.splice(0)).toMatchObject([{ payload: asciiBytes('1'), sequence: (first + 1) >>> 0, flags: ack | push | fin }])
    server.hear({ sequence: 109, acknowledgment: (first + 3) >>> 0 })
    expect(server.responder.connections).toBe(0)
  })

  it('keeps what a client may make it hold within bounds, and tells how much room there is', () => {
    let asked = 0
    const server = new Server(words(() => (asked++, new Uint8Array(2_000))))
    const first = server.open()
    const flood = asciiBytes('q '.repeat(10_000))
    const answers = server.hear({ sequence: 100, acknowledgment: first, window: 1, payload: flood })
    expect(asked).toBe(9) // 16 KiB of answers nobody takes
    const taken = (answers.at(-1)?.acknowledgment ?? 0) - 100
    expect(taken).toBe(16_384)
    expect(answers.at(-1)?.window).toBe(18)
    server.hear({ sequence: 100 + taken, acknowledgment: (first + 4_000) >>> 0, window: 1 })
    expect(asked).toBe(11)
  })

  it('reads on when the service admits no more just now', () => {
    let budget = 2
    const server = new Server(words((request) => request, { admits: () => budget-- > 0 }))
    const first = server.open()
    expect(server.hear({ sequence: 100, acknowledgment: first, payload: asciiBytes('a b c d ') }).map(({ payload }) => text(payload))).toEqual(['a b '])
    server.hear({ sequence: 108, acknowledgment: (first + 4) >>> 0 })
    budget = 10
    expect(server.tick(250).map(({ payload }) => text(payload))).toEqual(['c d '])
  })

  it('ends a connection that has gone silent, and one whose request is none', () => {
    const server = new Server(words(() => null))
    const first = server.open()
    expect(server.tick(10_000)).toEqual([])
    expect(server.tick(6_000)).toMatchObject([{ flags: ack | push | fin }])
    server.hear({ sequence: 100, acknowledgment: (first + 1) >>> 0, flags: ack | fin })
    expect(server.responder.connections).toBe(0)
    const again = server.open()
    expect(server.hear({ sequence: 100, acknowledgment: again, payload: asciiBytes('what ') })).toMatchObject([{ flags: ack | push | fin }])
  })

  it('says no word to a connection that has gone when its answer comes', () => {
    const answers: ((answer: Uint8Array) => void)[] = []
    const server = new Server(words((_request, _peer, answered) => (answers.push(answered), 'later')))
    const first = server.open()
    server.hear({ sequence: 100, acknowledgment: first, payload: asciiBytes('one ') })
    server.hear({ flags: rst })
    server.open()
    answers[0]?.(asciiBytes('1'))
    expect(server.said).toEqual([])
  })

  it('resets what it does not know, holds few connections, and forgets the silent', () => {
    const server = new Server(page(10))
    expect(server.hear({ flags: ack, acknowledgment: 77 })).toMatchObject([{ flags: rst, sequence: 77 }])
    expect(server.hear({ flags: syn, sequence: 5, destinationPort: 81 })).toMatchObject([{ flags: rst | ack, acknowledgment: 6 }])
    for (let port = 1; port <= 1_000; port++) server.hear({ flags: syn, sourcePort: port })
    expect(server.responder.connections).toBe(16)
    server.tick(20_000)
    expect(server.responder.connections).toBe(0)
  })

  it('serves one guest whatever another does to it, from the same address even', () => {
    const [hostile, honest] = [peerAt(0x0a4d000b), peerAt(0x0a4d000b)]
    const server = new Server(page(10))
    for (let port = 1; port <= 1_000; port++) server.hear({ flags: syn, sourcePort: port }, hostile)
    const [accepted] = server.hear({ flags: syn, sequence: 5, sourcePort: 7 }, honest)
    expect(accepted).toMatchObject({ flags: syn | ack, acknowledgment: 6 })
    server.hear({ flags: rst, sourcePort: 7 }, hostile)
    const [answer] = server.hear({ sequence: 6, acknowledgment: ((accepted?.sequence ?? 0) + 1) >>> 0, sourcePort: 7, payload: asciiBytes('GET / HTTP/1.1\r\n\r\n') }, honest)
    expect(answer?.payload).toHaveLength(10)
  })

  it('begins a full guest\'s connection anew all the same', () => {
    const server = new Server(page(10))
    for (let port = 1; port <= 16; port++) server.hear({ flags: syn, sourcePort: port })
    expect(server.hear({ flags: syn, sequence: 77, sourcePort: 3 })).toMatchObject([{ flags: syn | ack, acknowledgment: 78 }])
  })

  it('bears any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 30 }), (pieces) => {
        const server = new Server(page(10))
        for (const bytes of pieces) {
          const parsed = parseTcp(bytes)
          if (parsed !== null) server.hear({ ...parsed, destinationPort: 80 })
        }
        expect(server.responder.connections).toBeLessThanOrEqual(16)
      }),
    )
  })

  it('writes segments that read back', () => {
    const written = segment({ sequence: 0xffff_ffff, acknowledgment: 7, flags: syn | ack, maxSegment: 1_460, windowScale: 7, payload: asciiBytes('hello') })
    expect(parseTcp(encodeTcp(1, 2, written))).toEqual(written)
  })
})
