import { describe, expect, it } from 'vitest'
import { switchOptions } from '../../test/fake/switch-options.ts'
import { GuestName, MacAddress } from '../contract/names.ts'
import { asciiBytes } from './bytes.ts'
import type { DnsQuery } from './dns.ts'
import { DnsResponder, type DnsTransport } from './dns-responder.ts'
import { dnsService, framed } from './dns-stream.ts'
import type { Port } from './port.ts'
import { statusService } from './status-page.ts'
import type { TcpPeer } from './tcp-responder.ts'
import { VirtualSwitch } from './virtual-switch.ts'

const query: DnsQuery = { id: 1, question: { name: 'www.example.com', type: 'A', class: 'IN' }, recursionDesired: true, isStandardQuery: true, hasEdns: false }
const codec = { decode: (bytes: Uint8Array) => (bytes.length < 12 ? null : query), encode: () => Uint8Array.of(1), encodeError: (_query: DnsQuery, code: string) => asciiBytes(code) }

function port(): Port {
  const network = new VirtualSwitch(switchOptions())
  const guest = GuestName.parse('linux')
  network.definePort({ guest, mac: MacAddress.parse('52:54:00:d1:00:01'), mtu: 1_500, pinned: true, bootUrl: null, uplink: true })
  const defined = network.fabric.ports.get(guest)
  if (defined === undefined) throw new Error('defined above')
  return defined
}

/** A responder whose world answers every question at once with so many bytes. */
const responder = (bytes: number) => new DnsResponder({ zonesOf: () => [new VirtualSwitch(switchOptions()).zone], codec, upstream: { ask: (_question, _transport, answered) => answered(new Uint8Array(bytes)) } })

describe('DNS over TCP', () => {
  it('finds each question behind its length, and none longer than one may be', () => {
    const { measure } = dnsService<TcpPeer & { owner: Port }>(responder(10), () => 0)
    expect([[], [0], [0, 3], [0, 3, 1, 2], [0, 3, 1, 2, 3], [0, 3, 1, 2, 3, 0, 3], [0, 0]].map((bytes) => measure(Uint8Array.from(bytes)))).toEqual([0, 0, 0, 0, 5, 5, 2])
    expect([measure(framed(new Uint8Array(1_232))), measure(Uint8Array.of(4, 209))]).toEqual([1_234, 'too-long'])
  })

  it('puts its length before each answer, and ends at what is no question', () => {
    const peer = { owner: port(), key: 'a', encode: () => new Uint8Array() }
    const service = dnsService<typeof peer>(responder(3_000), () => 0)
    const heard: Uint8Array[] = []
    expect(service.respond(framed(new Uint8Array(20)), peer, (answer) => heard.push(answer))).toBe('later')
    expect(heard).toEqual([framed(new Uint8Array(3_000))])
    expect(service.respond(framed(new Uint8Array(5)), peer, () => {})).toBeNull()
    expect(service.respond(framed(new Uint8Array()), peer, () => {})).toBeNull()
  })

  it('answers a guest no more questions than it may send frames to the gateway', () => {
    const peer = { owner: port(), key: 'a', encode: () => new Uint8Array() }
    const service = dnsService<typeof peer>(responder(10), () => 0)
    const admitted = Array.from({ length: 5_000 }, () => service.admits(peer)).filter(Boolean).length
    expect(admitted).toBe(1_000)
  })
})

it.each([
  ['udp', 1_452, 1_452],
  ['udp', 1_453, 'TRUNCATED'.length],
  ['tcp', 60_000, 60_000],
] as const)('over %s an answer of %i bytes goes to a guest with an MTU of 1500 as %i', (transport: DnsTransport, bytes, expected) => {
  const heard: Uint8Array[] = []
  responder(bytes).answer(new Uint8Array(20), port(), transport, (reply) => heard.push(reply))
  expect(heard.map((reply) => reply.length)).toEqual([expected])
})

it('the status page takes a request up to its empty line, and no endless one', () => {
  const { measure, tooLong } = statusService<TcpPeer>(() => ({ guest: 'linux', address: '' }), { domain: 'x', ports: () => [], ipv6Of: () => null })
  expect(['', 'GET / HTTP/1.1\r\n\r', 'GET / HTTP/1.1\r\n\r\n', 'GET /\r\n\r\nmore', '\r\r\r\n\r\n'].map((text) => measure(asciiBytes(text)))).toEqual([0, 0, 18, 9, 6])
  expect([measure(new Uint8Array(8_192)), measure(new Uint8Array(8_193))]).toEqual([0, 'too-long'])
  expect(new TextDecoder().decode(tooLong)).toMatch(/^HTTP\/1\.1 431 /)
})
