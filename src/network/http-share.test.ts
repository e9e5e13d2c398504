import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HttpLine } from '../contract/network.ts'
import { asciiBytes, concat, putU16, putU32 } from './bytes.ts'
import { flowCache, HTTP_LOG_LIMITS, HttpLog, type FlowCache, type HttpLogLimits } from './http-log.ts'
import type { HttpShare } from './http-share.ts'

const SERVER = 99
const FIN = 1

interface Member {
  readonly address: number
  readonly share: HttpShare
  readonly sends: FlowCache
  readonly hears: FlowCache
}

/** Guests that each talk to a server of nobody's; what the server says to a guest counts as the guest's. */
class Guests {
  readonly told: HttpLine[] = []
  readonly log: HttpLog
  nowMs = 1_000
  #address = 0

  constructor(limits: Partial<HttpLogLimits> = {}) {
    this.log = new HttpLog({ limits: { ...HTTP_LOG_LIMITS, ...limits }, nameOf: (address) => `g${address}`, onLine: (line) => this.told.push(line), wallClock: () => 0 })
  }

  join(): Member {
    const share = this.log.join()
    return { address: ++this.#address, share, sends: flowCache(share), hears: flowCache(share) }
  }

  asks({ address, sends }: Member, port: number, path = `/${port}`): void {
    this.#pass(`GET ${path} HTTP/1.1\r\n\r\n`, 0x18, port, 80, address, SERVER, sends)
  }

  isAnswered({ address, hears }: Member, port: number): void {
    this.#pass('HTTP/1.1 204 No\r\n\r\n', 0x18 | FIN, 80, port, SERVER, address, hears)
  }

  #pass(text: string, flags: number, sourcePort: number, destinationPort: number, source: number, destination: number, cache: FlowCache): void {
    const header = new Uint8Array(20)
    putU16(header, 0, sourcePort)
    putU16(header, 2, destinationPort)
    putU32(header, 4, 7)
    header[12] = 0x50
    header[13] = flags
    const segment = concat(header, asciiBytes(text))
    this.log.segment(segment, 0, segment.length, segment.length, source, destination, cache, this.nowMs)
  }
}

describe('a guest that floods the HTTP log', () => {
  it('loses its own oldest connections, not those of another', () => {
    const guests = new Guests({ flows: 100 })
    const [honest, hostile] = [guests.join(), guests.join()]
    guests.asks(honest, 1)
    for (let port = 1; port <= 1_000; port++) guests.asks(hostile, port)
    expect(guests.log.flowCount).toBe(100)
    expect([honest.share.displaced, hostile.share.displaced]).toEqual([0, 901])
    guests.isAnswered(honest, 1)
    expect(guests.told.at(-1)).toMatchObject({ from: 'g1', path: '/1', status: 204 })
  })

  it('makes room for another that comes later', () => {
    const guests = new Guests({ flows: 100 })
    const [hostile, honest] = [guests.join(), guests.join()]
    for (let port = 1; port <= 1_000; port++) guests.asks(hostile, port)
    for (let port = 1; port <= 50; port++) guests.asks(honest, port)
    for (let port = 1_001; port <= 2_000; port++) guests.asks(hostile, port)
    for (let port = 1; port <= 50; port++) guests.isAnswered(honest, port)
    expect(guests.told.filter(({ from, status }) => from === 'g2' && status === 204)).toHaveLength(50)
    expect([hostile.share.displaced, honest.share.displaced]).toEqual([1_950, 0])
  })

  it('leaves the others the work of their part, and is what is left out', () => {
    const guests = new Guests({ workPer100Ms: 100 })
    const [hostile, honest] = [guests.join(), guests.join()]
    for (let port = 1; port <= 1_000; port++) guests.asks(hostile, port)
    for (let port = 1; port <= 10; port++) {
      guests.asks(honest, port)
      guests.isAnswered(honest, port)
    }
    expect(guests.told.filter(({ from, status }) => from === 'g2' && status === 204)).toHaveLength(10)
    expect(honest.share.sampledOut).toBe(0)
    expect(hostile.share.sampledOut).toBeGreaterThanOrEqual(900)
    expect(guests.log.sampledOut).toBe(hostile.share.sampledOut)
    // The next span is a new one for it too.
    guests.nowMs += 100
    const before = hostile.share.sampledOut
    guests.asks(hostile, 5_000)
    expect(hostile.share.sampledOut).toBe(before)
  })

  it('makes no more than twice the work together with others that do the same', () => {
    const guests = new Guests({ workPer100Ms: 1_000 })
    const hostile = Array.from({ length: 20 }, () => guests.join())
    for (const each of hostile) for (let port = 1; port <= 5_000; port++) guests.asks(each, port)
    const read = 20 * 5_000 - guests.log.sampledOut
    // Each is 1 for its connection and more than a quarter for its head.
    expect(read).toBeLessThanOrEqual((2 * 1_000) / 1.25)
    expect(Math.max(...hostile.map(({ share }) => share.sampledOut))).toBeLessThan(5_000)
  })

  it('pushes out no line of others', () => {
    const guests = new Guests({ lines: 100 })
    const [honest, hostile] = [guests.join(), guests.join()]
    const visit = (member: Member, port: number) => {
      guests.asks(member, port)
      guests.isAnswered(member, port)
    }
    for (let port = 1; port <= 50; port++) visit(honest, port)
    for (let port = 1; port <= 1_000; port++) visit(hostile, port)
    const kept = guests.log.lines(1_000)
    expect(kept.filter(({ from }) => from === 'g1').map(({ path }) => path)).toEqual(Array.from({ length: 50 }, (_, index) => `/${index + 1}`))
    expect(kept.filter(({ from }) => from === 'g2').map(({ path }) => path)).toEqual(Array.from({ length: 50 }, (_, index) => `/${index + 951}`))
    expect(kept.map(({ sequence }) => sequence)).toEqual(kept.map(({ sequence }) => sequence).toSorted((left, right) => left - right))
  })
})

it('a guest that left keeps its lines until others need the room, and follows nothing more', () => {
  const guests = new Guests({ lines: 4 })
  const [gone, stays] = [guests.join(), guests.join()]
  guests.asks(gone, 1)
  guests.log.leave(gone.share)
  expect(guests.log.flowCount).toBe(0)
  expect(guests.log.lines(10)).toMatchObject([{ from: 'g1', path: '/1', status: null }])
  guests.asks(gone, 2)
  expect(guests.log.flowCount).toBe(0)
  for (let port = 1; port <= 4; port++) {
    guests.asks(stays, port)
    guests.isAnswered(stays, port)
  }
  // It has less than its half; the one that has more gives way to itself.
  expect(guests.log.lines(10).map(({ from }) => from)).toEqual(['g1', 'g2', 'g2', 'g2'])
})

it('whatever guests do, each keeps the newest of its lines and connections up to its equal part', () => {
  const LINES = 12
  const FLOWS = 8
  const act = fc.record({ who: fc.nat(3), port: fc.integer({ min: 1, max: 20 }), does: fc.constantFrom('asks', 'isAnswered', 'sweep', 'leave') })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
      const guests = new Guests({ lines: LINES, flows: FLOWS, idleMs: 1_000 })
      const members = Array.from({ length: 4 }, () => guests.join())
      const left = new Set<Member>()
      for (const { who, port, does } of acts) {
        const member = members[who]
        if (member === undefined) throw new Error('there are four')
        guests.nowMs += 10
        if (does === 'sweep') guests.log.sweep(guests.nowMs)
        else if (does === 'leave' && who === 3) {
          if (!left.has(member)) guests.log.leave(member.share)
          left.add(member)
        } else if (does !== 'leave') guests[does](member, port)

        const kept = guests.log.lines(1_000)
        expect(kept).toHaveLength(Math.min(LINES, guests.told.length))
        expect(guests.log.flowCount).toBe(members.reduce((sum, { share }) => sum + share.flows.size, 0))
        expect(guests.log.flowCount).toBeLessThanOrEqual(FLOWS)
        for (const each of members) {
          const mine = kept.filter(({ from }) => from === `g${each.address}`)
          const told = guests.told.filter(({ from }) => from === `g${each.address}`)
          expect(mine).toEqual(told.slice(told.length - mine.length))
          expect(mine.length).toBeGreaterThanOrEqual(Math.min(told.length, LINES / members.length))
        }
      }
      // Nobody below an equal part has ever made room.
      for (const each of members) if (each.share.displaced > 0) expect(guests.told.filter(({ from }) => from === `g${each.address}`).length + each.share.flows.size).toBeGreaterThan(FLOWS / members.length)
    }),
    { numRuns: 200 },
  )
})
