import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asciiBytes, concat } from './bytes.ts'
import { TcpResponder } from './tcp-responder.ts'
import { encodeTcp, parseTcp, TCP_FLAG, type TcpSegment } from './tcp-segment.ts'

const { syn, ack, fin, rst } = TCP_FLAG
const GATEWAY = 0x0a4d0001
const peerAt = (address: number, owner: object = {}) => ({ owner, key: String(address), encode: (written: TcpSegment) => encodeTcp(GATEWAY, address, written) })
const peer = peerAt(0x0a4d000b)

function responder(bytes: number, random = () => 0.999_99) {
  return new TcpResponder({ port: 80, random, respond: (request) => asciiBytes(`${request.length}:`.padEnd(bytes, 'x')) })
}

const segment = (fields: Partial<TcpSegment>): TcpSegment => ({ sourcePort: 40_000, destinationPort: 80, sequence: 0, acknowledgment: 0, flags: ack, window: 65_535, maxSegment: null, windowScale: null, payload: new Uint8Array(), ...fields })

describe('TcpResponder', () => {
  it('serves a whole exchange whatever is lost or repeated, near the end of the number space too', () => {
    const link = fc.record({ bytes: fc.integer({ min: 1, max: 12_000 }), window: fc.constantFrom(1_000, 4_000, 65_535), first: fc.constantFrom(0, 0xffff_fff0, 0x7fff_fff0), seed: fc.integer() })
    fc.assert(
      fc.property(link, ({ bytes, window, first, seed }) => {
        let state = seed >>> 0
        const roll = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
        const server = responder(bytes)
        const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
        let now = 0
        // A client as small as can be: says everything again until it has heard the end.
        let serverNext: number | null = null
        let received = new Uint8Array()
        let ended = false
        const hear = (answers: Uint8Array[]) => {
          for (const raw of answers) {
            if (roll() < 0.2) continue
            const answer = parseTcp(raw)
            if (answer === null) throw new Error('unreadable')
            expect(answer.flags & rst).toBe(0)
            if ((answer.flags & syn) !== 0) serverNext ??= (answer.sequence + 1) >>> 0
            if (serverNext === null || answer.sequence >>> 0 !== serverNext) continue
            received = new Uint8Array(concat(received, answer.payload))
            serverNext = (serverNext + answer.payload.length) >>> 0
            if ((answer.flags & fin) !== 0 && !ended) {
              ended = true
              serverNext = (serverNext + 1) >>> 0
            }
          }
        }
        const after = (first + 1) >>> 0
        for (let round = 0; round < 400; round++) {
          if (ended && server.connections === 0) break
          now += 600
          if (roll() > 0.2) {
            if (serverNext === null) hear(server.receive(segment({ sequence: first, flags: syn, window, maxSegment: 1_460 }), peer, now))
            else if (!ended) hear(server.receive(segment({ sequence: after, acknowledgment: serverNext, window, payload: asciiBytes(request) }), peer, now))
            else hear(server.receive(segment({ sequence: (after + request.length) >>> 0, acknowledgment: serverNext, flags: ack | fin, window }), peer, now))
          }
          for (const { segments } of server.tick(now)) hear(segments)
        }
        expect(new TextDecoder().decode(received)).toBe(`${request.length}:`.padEnd(bytes, 'x'))
        expect(server.connections).toBe(0)
      }),
      { numRuns: 200 },
    )
  })

  it('resets what it does not know, holds few connections, and forgets the silent', () => {
    const server = responder(10)
    expect(parseTcp(server.receive(segment({ flags: ack, acknowledgment: 77 }), peer, 0)[0] ?? new Uint8Array())).toMatchObject({ flags: rst, sequence: 77 })
    expect(parseTcp(server.receive(segment({ flags: syn, sequence: 5, destinationPort: 81 }), peer, 0)[0] ?? new Uint8Array())).toMatchObject({ flags: rst | ack, acknowledgment: 6 })
    for (let port = 1; port <= 1_000; port++) server.receive(segment({ flags: syn, sourcePort: port }), peer, 0)
    expect(server.connections).toBe(16)
    server.tick(20_000)
    expect(server.connections).toBe(0)
  })

  it('serves one guest whatever another does to it, from the same address even', () => {
    const [hostile, honest] = [peerAt(0x0a4d000b), peerAt(0x0a4d000b)]
    const server = responder(10)
    for (let port = 1; port <= 1_000; port++) server.receive(segment({ flags: syn, sourcePort: port }), hostile, 0)
    const accepted = parseTcp(server.receive(segment({ flags: syn, sequence: 5, sourcePort: 7 }), honest, 0)[0] ?? new Uint8Array())
    expect(accepted).toMatchObject({ flags: syn | ack, acknowledgment: 6 })
    server.receive(segment({ flags: rst, sourcePort: 7 }), hostile, 0)
    const request = segment({ sequence: 6, acknowledgment: ((accepted?.sequence ?? 0) + 1) >>> 0, sourcePort: 7, payload: asciiBytes('GET / HTTP/1.1\r\n\r\n') })
    expect(parseTcp(server.receive(request, honest, 0)[0] ?? new Uint8Array())?.payload).toHaveLength(10)
  })

  it('begins a full guest\'s connection anew all the same', () => {
    const server = responder(10)
    for (let port = 1; port <= 16; port++) server.receive(segment({ flags: syn, sourcePort: port }), peer, 0)
    expect(parseTcp(server.receive(segment({ flags: syn, sequence: 77, sourcePort: 3 }), peer, 0)[0] ?? new Uint8Array())).toMatchObject({ flags: syn | ack, acknowledgment: 78 })
  })

  it('bears any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 30 }), (pieces) => {
        const server = responder(10)
        for (const bytes of pieces) {
          const parsed = parseTcp(bytes)
          if (parsed !== null) server.receive({ ...parsed, destinationPort: 80 }, peer, 0)
        }
        expect(server.connections).toBeLessThanOrEqual(16)
      }),
    )
  })

  it('writes segments that read back', () => {
    const written = segment({ sequence: 0xffff_ffff, acknowledgment: 7, flags: syn | ack, maxSegment: 1_460, windowScale: 7, payload: asciiBytes('hello') })
    expect(parseTcp(encodeTcp(1, 2, written))).toEqual(written)
  })
})
