import { describe, expect, it } from 'vitest'
import { asciiBytes, concat, putU16, putU32 } from './bytes.ts'
import { flowCache, HttpLog } from './http-log.ts'
import type { HttpLine } from '../contract/network.ts'
import { serverNameOf } from './tls-flow.ts'

function sized(width: 1 | 2 | 3, ...parts: Uint8Array[]): Uint8Array {
  const body = concat(...parts)
  return concat(Uint8Array.of(body.length >> 16, body.length >> 8, body.length).subarray(3 - width), body)
}

/** A ClientHello as RFC 8446 §4.1.2 writes it, with `padding` bytes of another extension before the name. */
function hello(name: string, padding = 10): Uint8Array {
  const extensions = sized(2, Uint8Array.of(0, 21), sized(2, new Uint8Array(padding)), Uint8Array.of(0, 0), sized(2, sized(2, Uint8Array.of(0), sized(2, asciiBytes(name)))))
  const body = concat(Uint8Array.of(3, 3), new Uint8Array(32), sized(1, new Uint8Array(32)), sized(2, Uint8Array.of(0x13, 1)), sized(1, Uint8Array.of(0)), extensions)
  return concat(Uint8Array.of(22, 3, 1), sized(2, Uint8Array.of(1), sized(3, body)))
}

function segment(ports: [number, number], sequence: number, flags: number, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(20)
  putU16(header, 0, ports[0])
  putU16(header, 2, ports[1])
  putU32(header, 4, sequence)
  header[12] = 0x50
  header[13] = flags
  return concat(header, payload)
}

function listen() {
  const lines: HttpLine[] = []
  const log = new HttpLog({ nameOf: (address) => (address === 1 ? 'linux' : 'windows'), onLine: (line) => lines.push(line), wallClock: () => 0 })
  const caches = { client: flowCache(log.join()), server: flowCache(log.join()) }
  let now = 0
  const say = (side: 'client' | 'server', sequence: number, payload: Uint8Array, flags = 0x18) => {
    const bytes = side === 'client' ? segment([40_000, 443], sequence, flags, payload) : segment([443, 40_000], sequence, flags, payload)
    log.segment(bytes, 0, bytes.length, bytes.length, side === 'client' ? 1 : 2, side === 'client' ? 2 : 1, caches[side], (now += 5))
  }
  return { lines, log, say }
}

describe('TLS in the log', () => {
  it.each([10, 2_000])('tells server name, bytes and time, with a hello of %i more bytes', (padding) => {
    const { lines, say } = listen()
    const bytes = hello('windows.diptych.internal', padding)
    for (let at = 0; at < bytes.length; at += 1_460) say('client', 1_000 + at, bytes.subarray(at, at + 1_460))
    say('server', 500, new Uint8Array(1_400))
    say('server', 500, new Uint8Array(1_400))
    say('server', 1_900, new Uint8Array(600))
    expect(lines).toEqual([])
    say('server', 2_500, new Uint8Array(), 0x11)
    expect(lines).toMatchObject([{ kind: 'tls', from: 'linux', to: 'windows', method: 'TLS', host: 'windows.diptych.internal', status: null, bytes: 2_000 }])
    expect(lines[0]?.milliseconds).toBeGreaterThan(0)
  })

  it('takes other bytes for no TLS', () => {
    const { lines, log, say } = listen()
    say('client', 1, Uint8Array.of(22, 3, 1, 0, 5, 2, 0, 0))
    say('server', 1, new Uint8Array(), 0x11)
    expect([lines, log.flowCount]).toEqual([[], 0])
  })

  it('shows no name a guest could play tricks with', () => {
    expect(serverNameOf(hello('a.example'))).toBe('a.example')
    expect(serverNameOf(hello('a\x1b[31m'))).toBeNull()
    expect(serverNameOf(hello(''))).toBeNull()
  })

  it('reads every mutilated hello without harm', () => {
    const sound = hello('windows', 3)
    for (let cut = 0; cut <= sound.length; cut++) expect([null, 'windows']).toContain(serverNameOf(sound.subarray(0, cut)))
    for (let at = 0; at < sound.length; at++) for (const value of [0, 1, 127, 255]) {
      const changed = sound.slice()
      changed[at] = value
      const name = serverNameOf(changed)
      expect(name === null || /^[\w.-]+$/.test(name)).toBe(true)
    }
  })
})
