import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HttpLine } from '../contract/network.ts'
import { asciiBytes, concat, putU16, putU32 } from './bytes.ts'
import { flowCache, HTTP_LOG_LIMITS, HttpLog, type FlowCache, type HttpLogLimits } from './http-log.ts'

const CLIENT = 0x0a4d000a
const SERVER = 0x0a4d000b
const FIN = 1

class Wire {
  readonly lines: HttpLine[] = []
  readonly log: HttpLog
  nowMs = 1_000
  readonly #caches: readonly [FlowCache, FlowCache]
  readonly #sequence = [0xffff_ff00, 0x7fff_ff00]

  constructor(limits: HttpLogLimits = HTTP_LOG_LIMITS) {
    this.log = new HttpLog({ limits, nameOf: (address) => (address === CLIENT ? 'linux' : 'windows'), onLine: (line) => this.lines.push(line), wallClock: () => 0 })
    this.#caches = [flowCache(this.log.join()), flowCache(this.log.join())]
  }

  client(text: string, flags = 0x18, at = this.advance(0, text.length)): void {
    this.#segment(0, text, flags, at)
  }
  server(text: string, flags = 0x18, at = this.advance(1, text.length)): void {
    this.#segment(1, text, flags, at)
  }
  /** Takes `length` sequence numbers of a side without showing the segment: it was lost. */
  advance(side: 0 | 1, length: number): number {
    const at = this.#sequence[side] ?? 0
    this.#sequence[side] = (at + length) >>> 0
    return at
  }
  #segment(side: 0 | 1, text: string, flags: number, sequence: number): void {
    const header = new Uint8Array(20)
    putU16(header, 0, side === 0 ? 40_000 : 80)
    putU16(header, 2, side === 0 ? 80 : 40_000)
    putU32(header, 4, sequence)
    header[12] = 0x50
    header[13] = flags
    const segment = concat(header, asciiBytes(text))
    this.log.segment(segment, 0, segment.length, segment.length, side === 0 ? CLIENT : SERVER, side === 0 ? SERVER : CLIENT, this.#caches[side], this.nowMs)
  }
}

const seen = (wire: Wire) => wire.lines.map(({ method, path, status, bytes, milliseconds }) => ({ method, path, status, bytes, milliseconds }))

/** Cuts a text at random places. */
const cutting = (text: string, cuts: readonly number[]) => {
  const points = [0, ...cuts.map((cut) => Math.floor(cut * text.length)).sort((a, b) => a - b), text.length]
  return points.slice(1).map((end, index) => text.slice(points[index], end)).filter((part) => part !== '')
}

describe('HttpLog', () => {
  it('times from the request to the last byte of the answer', () => {
    const wire = new Wire()
    wire.client('GET /a HTTP/1.1\r\nHost: windows:8080\r\n\r\n')
    wire.nowMs += 5
    wire.server('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345')
    wire.nowMs += 7
    expect(wire.lines).toEqual([])
    wire.server('67890')
    expect(wire.lines).toEqual([{ sequence: 1, at: '1970-01-01T00:00:00.000Z', from: 'linux', to: 'windows', fromAddress: '10.77.0.10', method: 'GET', host: 'windows:8080', path: '/a', status: 200, milliseconds: 12, bytes: 10 }])
  })

  it('reads keep-alive exchanges of every kind in any cutting', () => {
    const exchange = fc.record({
      path: fc.stringMatching(/^\/[a-z0-9?=&-]{0,30}$/),
      body: fc.nat(3_000),
      post: fc.option(fc.nat(500), { nil: null }),
      head: fc.boolean(),
      chunked: fc.boolean(),
      interim: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(exchange, { minLength: 1, maxLength: 6 }), fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { maxLength: 10 }), (exchanges, cuts) => {
        const wire = new Wire()
        const expected: { method: string; path: string; status: number }[] = []
        for (const each of exchanges) {
          const method = each.post !== null ? 'POST' : each.head ? 'HEAD' : 'GET'
          const request = `${method} ${each.path} HTTP/1.1\r\nHost: windows\r\n${each.post === null ? '' : `Content-Length: ${each.post}\r\n`}\r\n${'G'.repeat(each.post ?? 0)}`
          const payload = 'HTTP/1.1 500 x\r\n\r\n'.repeat(200).slice(0, each.body)
          const coding = each.chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${each.body}`
          const body = each.chunked ? `${each.body.toString(16)}\r\n${payload}\r\n0\r\n\r\n` : payload
          const answer = `${each.interim ? 'HTTP/1.1 100 Continue\r\n\r\n' : ''}HTTP/1.1 203 Fine\r\n${coding}\r\n\r\n${method === 'HEAD' ? '' : body}`
          for (const part of cutting(request, cuts)) wire.client(part)
          for (const part of cutting(answer, cuts)) wire.server(part)
          expected.push({ method, path: each.path, status: 203 })
        }
        wire.server('', FIN)
        expect(seen(wire).map(({ method, path, status }) => ({ method, path, status }))).toEqual(expected)
        expect(wire.log.flowCount).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  it('bears repeated segments, and loss inside a body', () => {
    const wire = new Wire()
    const request = 'GET / HTTP/1.1\r\nHost: w\r\n\r\n'
    const at = wire.advance(0, request.length)
    wire.client(request, 0x18, at)
    wire.client(request, 0x18, at)
    wire.server('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789')
    wire.advance(1, 80)
    wire.server('0123456789')
    wire.client('GET /next HTTP/1.1\r\n\r\n')
    wire.server('HTTP/1.1 304 Not Modified\r\n\r\n')
    expect(seen(wire)).toMatchObject([{ path: '/', status: 200, bytes: 100 }, { path: '/next', status: 304, bytes: 0 }])
  })

  it('tells a request without an answer when the connection ends or goes silent', () => {
    const wire = new Wire()
    wire.client('GET /reset HTTP/1.0\r\n\r\n')
    wire.server('', 4)
    wire.client('GET /silent HTTP/1.0\r\n\r\n')
    wire.nowMs += 61_000
    wire.log.sweep(wire.nowMs)
    expect(seen(wire)).toEqual(['/reset', '/silent'].map((path) => ({ method: 'GET', path, status: null, bytes: null, milliseconds: null })))
  })

  it('makes what a guest wrote safe to show', () => {
    const wire = new Wire()
    wire.client('GET /\u001b[31m\u0007\u00e9 HTTP/1.1\r\nHost: \u001b]0;x\r\n\r\n')
    wire.server('HTTP/1.1 204 No\r\n\r\n')
    expect(wire.lines[0]).toMatchObject({ path: '/%1B[31m%07%E9', host: '%1B]0;x' })
  })

  it('passes over what is not HTTP and stays bounded', () => {
    const limits = { lines: 10, flows: 5, workPer100Ms: 1_000, idleMs: 1_000 }
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.string({ maxLength: 50 }), fc.nat(255)), { maxLength: 60 }), (segments) => {
        const wire = new Wire(limits)
        for (const [fromClient, text, flags] of segments) {
          if (fromClient) wire.client(`GET ${text}`, flags)
          else wire.server(text, flags)
        }
        expect(wire.log.flowCount).toBeLessThanOrEqual(5)
        expect(wire.log.lines(1_000).length).toBeLessThanOrEqual(10)
      }),
    )
  })

  it('leaves segments out under load, and says how many', () => {
    const wire = new Wire({ ...HTTP_LOG_LIMITS, workPer100Ms: 3 })
    for (let index = 0; index < 5; index++) {
      wire.client(`GET /${index} HTTP/1.1\r\n\r\n`)
      wire.server('HTTP/1.1 204 No\r\n\r\n', 0x18 | FIN)
    }
    expect(wire.lines.length).toBeLessThan(5)
    expect(wire.log.sampledOut).toBeGreaterThan(0)
  })
})
