import { describe, expect, it } from 'vitest'
import { switchOptions } from '../../test/fake/switch-options.ts'
import { GuestName, MacAddress } from '../contract/names.ts'
import { parseIpv4 } from './address.ts'
import { answerDns, isPrivateName, type DnsQuery, type DnsZone } from './dns.ts'
import { DnsResponder } from './dns-responder.ts'
import { VirtualSwitch } from './virtual-switch.ts'

const zone = (domain: string, subnet: string, guests: Readonly<Record<string, string>>): DnsZone => ({
  domain,
  apex: 'diptych.internal',
  gateway: parseIpv4(`${subnet}.1`) ?? 0,
  gatewayIpv6: new Uint8Array(16),
  addressOf: (guest) => parseIpv4(guests[guest] ?? ''),
  guestAt: (address) => Object.entries(guests).find(([, text]) => parseIpv4(text) === address)?.[0] ?? null,
  ipv6Of: () => null,
  guestAtIpv6: () => null,
})
const stage = zone('diptych.internal', '10.77.0', { linux: '10.77.0.11', both: '10.77.0.13' })
const lab = zone('lab.diptych.internal', '10.78.0', { windows: '10.78.0.12', both: '10.78.0.14' })
const ask = (zones: DnsZone[], name: string, type = 'A') => {
  const { code, records } = answerDns({ name, type, class: 'IN' }, zones)
  return code === 'NOERROR' ? records.map((record) => record.data).join() : code
}

describe('names of several networks', () => {
  it.each([
    ['both', 'A', '10.77.0.13', '10.78.0.14'],
    ['both.diptych.internal', 'A', '10.77.0.13', '10.77.0.13'],
    ['both.lab.diptych.internal', 'A', '10.78.0.14', '10.78.0.14'],
    ['windows', 'A', '10.78.0.12', '10.78.0.12'],
    ['gateway', 'A', '10.77.0.1', '10.78.0.1'],
    ['lab.diptych.internal', 'A', '10.78.0.1', '10.78.0.1'],
    ['12.0.78.10.in-addr.arpa', 'PTR', 'windows.lab.diptych.internal', 'windows.lab.diptych.internal'],
    ['nobody', 'A', 'NXDOMAIN', 'NXDOMAIN'],
  ])('%s %s: the network that is asked knows first', (name, type, fromStage, fromLab) => {
    expect([ask([stage, lab], name, type), ask([lab, stage], name, type)]).toEqual([fromStage, fromLab])
  })

  it('one alone knows nothing of the other', () => {
    expect([ask([stage], 'windows.lab.diptych.internal'), ask([lab], 'linux.diptych.internal')]).toEqual(['NXDOMAIN', 'NXDOMAIN'])
  })
})

it.each([
  ['linux', true],
  ['diptych.internal', true],
  ['Anything.Diptych.Internal.', true],
  ['printer.internal', true],
  ['app.localhost', true],
  ['1.0.77.10.in-addr.arpa', true],
  ['1.2.31.172.in-addr.arpa', true],
  ['1.254.169.in-addr.arpa', true],
  ['1.0.0.127.in-addr.arpa', true],
  [`1.${'0.'.repeat(29)}d.f.ip6.arpa`, true],
  [`1.${'0.'.repeat(28)}8.e.f.ip6.arpa`, true],
  ['www.example.com', false],
  ['diptych.internal.example.com', false],
  ['notdiptych.internals', false],
  ['1.2.32.172.in-addr.arpa', false],
  ['8.8.8.8.in-addr.arpa', false],
  ['10.8.8.8.in-addr.arpa', false],
  ['1.0.8.b.d.0.1.0.0.2.ip6.arpa', false],
])('%s is private: %s', (name, expected) => {
  expect(isPrivateName(name, 'diptych.internal')).toBe(expected)
})

it('a guest has at most 32 questions under way; the next is told that nobody knows', () => {
  const query: DnsQuery = { id: 1, question: { name: 'www.example.com', type: 'A', class: 'IN' }, recursionDesired: true, isStandardQuery: true, hasEdns: false }
  const codec = { decode: () => query, encode: () => Uint8Array.of(1), encodeError: () => Uint8Array.of(2) }
  const waiting: ((reply: Uint8Array | null) => void)[] = []
  const network = new VirtualSwitch(switchOptions())
  const guest = GuestName.parse('linux')
  network.definePort({ guest, mac: MacAddress.parse('52:54:00:d1:00:01'), mtu: 1_500, pinned: true, bootUrl: null, uplink: true })
  const port = network.fabric.ports.get(guest)
  if (port === undefined) throw new Error('defined above')
  const responder = new DnsResponder({ zonesOf: () => [stage], codec, upstream: { ask: (_question, _transport, answered) => waiting.push(answered) } })
  const heard: Uint8Array[] = []
  const put = () => responder.answer(new Uint8Array(20), port, 'udp', (reply) => heard.push(reply))
  for (let count = 0; count < 32; count++) expect(put()).toBe('later')
  expect(put()).toEqual(Uint8Array.of(2))
  waiting.shift()?.(Uint8Array.of(9))
  waiting.shift()?.(null)
  expect(heard).toEqual([Uint8Array.of(9), Uint8Array.of(2)])
  expect(put()).toBe('later')
})
