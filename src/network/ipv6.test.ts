import { describe, expect, it } from 'vitest'
import { switchOptions } from '../../test/fake/switch-options.ts'
import { GuestName, MacAddress } from '../contract/names.ts'
import { macAt, macParts } from './address.ts'
import { concat, internetChecksum, putU32, u16, u32 } from './bytes.ts'
import { answerDns, type DnsZone } from './dns.ts'
import { GATEWAY_MAC_PARTS } from './gateway.ts'
import { Ingress } from './ingress.ts'
import { ALL_NODES, eui64, icmpv6, ipv6, ipv6Address, ipv6Text, LINK_LOCAL, macOfEui64, parseIpv6Packet, pseudoHeaderSum6, ulaPrefix } from './ipv6.ts'
import { NDP } from './neighbor-discovery.ts'
import { ETHERTYPE, ethernet, PROTOCOL, udpHeader } from './packet.ts'
import { VirtualSwitch } from './virtual-switch.ts'

const prefix = ulaPrefix('0123456789')
const UNSPECIFIED = new Uint8Array(16)

describe('IPv6 addresses', () => {
  it.each([
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['fe800000000000000000000000000000', 'fe80::'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['fd0123456789000000000000000000ab', 'fd01:2345:6789::ab'],
  ])('writes %s as %s (RFC 5952)', (hex, text) => {
    expect(ipv6Text(Uint8Array.from({ length: 16 }, (_, index) => Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16)))).toBe(text)
  })

  it('makes interface identifiers of MACs and back (RFC 4291)', () => {
    const mac = macParts(MacAddress.parse('52:54:00:d1:00:01'))
    expect(ipv6Text(ipv6Address(LINK_LOCAL, eui64(mac)))).toBe('fe80::5054:ff:fed1:1')
    const id = eui64(mac)
    expect(macOfEui64(id.high, id.low)).toEqual(mac)
    expect(macOfEui64(0, 1)).toBeNull()
  })
})

/** A switch with two guests that hear what reaches them. */
function network() {
  const made = new VirtualSwitch(switchOptions({ leases: { version: 1, leases: [], globalId: '0123456789' } }))
  const guests = [1, 2].map((number) => {
    const macText = MacAddress.parse(`52:54:00:d1:00:0${number}`)
    const mac = macParts(macText)
    const name = GuestName.parse(`g${number}`)
    made.definePort({ guest: name, mac: macText, mtu: 1_500, pinned: true, bootUrl: null, uplink: false })
    const heard: Uint8Array[] = []
    const ingress = new Ingress(made.fabric, name, { backlogBytes: 0, pause: () => {}, resume: () => {}, close: () => {}, send: (frame) => void heard.push(frame.slice(4)) })
    const send = (to: typeof mac, packet: Uint8Array) => {
      const frame = ethernet(to, mac, ETHERTYPE.ipv6, packet)
      const length = new Uint8Array(4)
      putU32(length, 0, frame.length)
      ingress.push(concat(length, frame))
    }
    send(mac, ipv6(UNSPECIFIED, ALL_NODES, 59, UNSPECIFIED, 1))
    return { mac, name, heard, send, own: ipv6Address(prefix, eui64(mac)), linkLocal: ipv6Address(LINK_LOCAL, eui64(mac)) }
  })
  for (const guest of guests) guest.heard.length = 0
  const [a, b] = guests
  if (a === undefined || b === undefined) throw new Error('there are two')
  const drops = (guest: typeof a) => {
    const counts = made.fabric.ports.get(guest.name)?.drops
    return counts === undefined ? Number.NaN : counts['ip-spoof'] + counts['role-spoof']
  }
  return { made, a, b, drops }
}

const FRAGMENT = 44
const advertisement = concat(Uint8Array.of(134), new Uint8Array(15))
/** Destination options behind each other, then ICMPv6. */
const options = (count: number) => concat(...Array.from({ length: count }, (_, index) => Uint8Array.of(index === count - 1 ? 58 : 60, 0, 1, 4, 0, 0, 0, 0)))
const everyone = { high: 0x3333, low: 1 }
const target = (address: Uint8Array) => concat(new Uint8Array(4), address)

describe('the gateway over IPv6', () => {
  it('answers a solicitation with prefix, MTU, resolver and search list, and no route out', () => {
    const { a } = network()
    a.send({ high: 0x3333, low: 2 }, icmpv6(a.linkLocal, ipv6Address({ high: 0xff02_0000, low: 0 }, { high: 0, low: 2 }), NDP.routerSolicitation, new Uint8Array(4), 255))
    expect(a.heard).toHaveLength(1)
    const frame = a.heard[0] ?? UNSPECIFIED
    expect(macAt(frame, 0)).toEqual(a.mac)
    const packet = parseIpv6Packet(frame.subarray(14))
    if (packet === null) throw new Error('no IPv6')
    expect(packet.hopLimit).toBe(255)
    expect(internetChecksum(packet.payload, 0, packet.payload.length, pseudoHeaderSum6(packet.source, packet.destination, PROTOCOL.icmpv6, packet.payload.length))).toBe(0)
    expect([packet.payload[0], u16(packet.payload, 6)]).toEqual([134, 0])
    const options: Record<number, Uint8Array> = {}
    for (let at = 16; at < packet.payload.length; at += (packet.payload[at + 1] ?? 0) * 8) options[packet.payload[at] ?? 0] = packet.payload.subarray(at, at + (packet.payload[at + 1] ?? 0) * 8)
    expect(Object.keys(options)).toEqual(['1', '3', '5', '25', '31'])
    expect(ipv6Text((options[3] ?? UNSPECIFIED).subarray(16))).toBe('fd01:2345:6789::')
    expect(u32(options[5] ?? UNSPECIFIED, 4)).toBe(1_500)
    expect(ipv6Text((options[25] ?? UNSPECIFIED).subarray(8))).toBe('fd01:2345:6789::1')
    expect(new TextDecoder().decode((options[31] ?? UNSPECIFIED).subarray(8))).toBe('\x07diptych\x08internal\0'.padEnd(24, '\0'))
  })

  it('answers for its own address and for ping, and for no other', () => {
    const { a } = network()
    const gateway = ipv6Address(prefix, { high: 0, low: 1 })
    a.send(everyone, icmpv6(a.own, ALL_NODES, NDP.neighborSolicitation, target(gateway), 255))
    expect(a.heard.map((frame) => frame[54])).toEqual([NDP.neighborAdvertisement])
    a.send(everyone, icmpv6(a.own, ALL_NODES, NDP.neighborSolicitation, target(ipv6Address(prefix, { high: 0, low: 2 })), 255))
    a.send(GATEWAY_MAC_PARTS, icmpv6(a.own, gateway, 128, Uint8Array.of(0, 7, 0, 9, 1, 2, 3), 64))
    expect(a.heard.map((frame) => frame[54])).toEqual([NDP.neighborAdvertisement, 129])
  })
})

describe('IPv6 between guests', () => {
  it('learns a guest\'s addresses from what it sends, and forgets them with it', () => {
    const { made, a, drops } = network()
    const port = made.fabric.ports.get(a.name)
    if (port === undefined) throw new Error('defined above')
    expect(made.fabric.neighbors.addressOf(port)).toBeNull()
    const other = ipv6Address(prefix, { high: 5, low: 6 })
    a.send(everyone, icmpv6(UNSPECIFIED, ALL_NODES, NDP.neighborSolicitation, target(other), 255))
    expect(made.fabric.neighbors.addressOf(port)).toEqual(other)
    a.send(everyone, icmpv6(UNSPECIFIED, ALL_NODES, NDP.neighborSolicitation, target(a.own), 255))
    expect(made.fabric.neighbors.addressOf(port)).toEqual(a.own)
    for (let each = 0; each < 100; each++) a.send(everyone, ipv6(ipv6Address(prefix, { high: 9, low: each }), ALL_NODES, 59, UNSPECIFIED, 1))
    expect(port.ipv6).toHaveLength(16)
    expect(drops(a)).toBe(0)
    made.fabric.detach(port, port.wire)
    expect(made.fabric.neighbors.addressOf(port)).toBeNull()
  })

  it.each([
    ['another\'s address', (a: { own: Uint8Array }) => ipv6(a.own, ALL_NODES, 59, UNSPECIFIED, 1)],
    ['another\'s link-local address', (a: { linkLocal: Uint8Array }) => ipv6(a.linkLocal, ALL_NODES, 59, UNSPECIFIED, 1)],
    ['the gateway\'s address', () => ipv6(ipv6Address(prefix, { high: 0, low: 1 }), ALL_NODES, 59, UNSPECIFIED, 1)],
    ['an advertisement of another\'s address', (a: { own: Uint8Array }) => icmpv6(UNSPECIFIED, ALL_NODES, NDP.neighborAdvertisement, target(a.own), 255)],
    ['a router advertisement', () => icmpv6(UNSPECIFIED, ALL_NODES, NDP.routerAdvertisement, new Uint8Array(12), 255)],
    ['a router advertisement behind an extension header', () => ipv6(UNSPECIFIED, ALL_NODES, 60, concat(options(1), advertisement), 255)],
    ['one behind more headers than are looked behind', () => ipv6(UNSPECIFIED, ALL_NODES, 60, concat(options(20), advertisement), 255)],
    ['one in a fragment that is the whole', () => ipv6(UNSPECIFIED, ALL_NODES, FRAGMENT, concat(Uint8Array.of(58, 0, 0, 0, 0, 0, 0, 1), advertisement), 255)],
    ['one behind a header that a fragment cuts off', () => ipv6(UNSPECIFIED, ALL_NODES, FRAGMENT, concat(Uint8Array.of(60, 0, 0, 1, 0, 0, 0, 1), Uint8Array.of(58, 1, 1, 4, 0, 0, 0, 0)), 255)],
    ['an advertisement of another\'s address in a fragment', (a: { own: Uint8Array }) => ipv6(UNSPECIFIED, ALL_NODES, FRAGMENT, concat(Uint8Array.of(58, 0, 0, 0, 0, 0, 0, 1), Uint8Array.of(136, 0, 0, 0, 0, 0, 0, 0), a.own), 255)],
    ['a DHCPv6 answer', () => ipv6(UNSPECIFIED, ALL_NODES, 17, udpHeader(547, 546, UNSPECIFIED), 64)],
    ['a DHCPv6 answer behind an extension header', () => ipv6(UNSPECIFIED, ALL_NODES, 60, concat(Uint8Array.of(17, 0, 1, 4, 0, 0, 0, 0), udpHeader(547, 546, UNSPECIFIED)), 64)],
  ])('drops %s and counts it', (_, forge) => {
    const { a, b, drops } = network()
    b.send(everyone, forge(a))
    expect(a.heard).toHaveLength(0)
    expect(drops(b)).toBe(1)
  })

  it('lets nobody use or advertise another\'s link-local address that is not made of its MAC', () => {
    const { made, a, b, drops } = network()
    const chosen = ipv6Address(LINK_LOCAL, { high: 0x1234_5678, low: 0x9abc_def0 })
    a.send(everyone, icmpv6(UNSPECIFIED, ALL_NODES, NDP.neighborSolicitation, target(chosen), 255))
    b.heard.length = 0
    b.send(everyone, icmpv6(chosen, ALL_NODES, NDP.neighborSolicitation, target(a.own), 255))
    b.send(everyone, icmpv6(b.linkLocal, ALL_NODES, NDP.neighborAdvertisement, target(chosen), 255))
    expect([a.heard.length, drops(b)]).toEqual([0, 2])
    a.send(everyone, icmpv6(chosen, ALL_NODES, NDP.neighborAdvertisement, target(chosen), 255))
    expect([b.heard.length, drops(a)]).toEqual([1, 0])
    // Invented ones push out the inventor's own alone, and all go with the guest.
    for (let each = 0; each < 100; each++) b.send(everyone, ipv6(ipv6Address(LINK_LOCAL, { high: 9, low: each }), ALL_NODES, 59, UNSPECIFIED, 1))
    b.send(everyone, icmpv6(b.linkLocal, ALL_NODES, NDP.neighborAdvertisement, target(chosen), 255))
    expect(drops(b)).toBe(3)
    const port = made.fabric.ports.get(a.name)
    if (port === undefined) throw new Error('defined above')
    made.fabric.detach(port, port.wire)
    b.send(everyone, icmpv6(b.linkLocal, ALL_NODES, NDP.neighborAdvertisement, target(chosen), 255))
    expect(drops(b)).toBe(3)
  })

  it('lets fragments of other messages pass, the later ones too', () => {
    const { a, b, drops } = network()
    b.send(everyone, ipv6(b.own, ALL_NODES, FRAGMENT, concat(Uint8Array.of(58, 0, 0, 1, 0, 0, 0, 1), Uint8Array.of(128), new Uint8Array(15)), 64))
    b.send(everyone, ipv6(b.own, ALL_NODES, FRAGMENT, concat(Uint8Array.of(58, 0, 0, 16, 0, 0, 0, 1), Uint8Array.of(134), new Uint8Array(15)), 64))
    expect([a.heard.length, drops(b)]).toEqual([2, 0])
  })

  it('lets a guest ask whether another\'s address is free, and not take it', () => {
    const { made, a, b, drops } = network()
    const chosen = ipv6Address(prefix, { high: 5, low: 6 })
    a.send(everyone, ipv6(chosen, ALL_NODES, 59, UNSPECIFIED, 1))
    b.send(everyone, icmpv6(UNSPECIFIED, ALL_NODES, NDP.neighborSolicitation, target(chosen), 255))
    expect(a.heard).toHaveLength(1)
    expect(drops(b)).toBe(0)
    expect(made.fabric.neighbors.at(chosen, 0)?.owner?.settings.guest).toBe(a.name)
  })
})

describe('AAAA and ip6.arpa', () => {
  const address = ipv6Address(prefix, { high: 0, low: 7 })
  const zone: DnsZone = { domain: 'diptych.internal', apex: 'diptych.internal', gateway: 1, gatewayIpv6: ipv6Address(prefix, { high: 0, low: 1 }), addressOf: (guest) => (guest === 'six' || guest === 'four' ? 5 : null), guestAt: () => null, ipv6Of: (guest) => (guest === 'six' ? address : null), guestAtIpv6: (asked) => (ipv6Text(asked) === ipv6Text(address) ? 'six' : null) }
  const reverse = `7.${'0.'.repeat(15)}0.0.0.0.9.8.7.6.5.4.3.2.1.0.d.f.ip6.arpa`
  it.each([
    ['six.diptych.internal', 'AAAA', 'NOERROR', ['fd01:2345:6789::7']],
    ['six', 'ANY', 'NOERROR', ['0.0.0.5', 'fd01:2345:6789::7']],
    ['four', 'AAAA', 'NOERROR', []],
    ['diptych.internal', 'AAAA', 'NOERROR', ['fd01:2345:6789::1']],
    [`1${reverse.slice(1)}`, 'PTR', 'NOERROR', ['diptych.internal']],
    ['nobody', 'AAAA', 'NXDOMAIN', []],
    [reverse, 'PTR', 'NOERROR', ['six.diptych.internal']],
    [`8${reverse.slice(1)}`, 'PTR', 'NXDOMAIN', []],
  ])('%s %s is %s', (name, type, code, data) => {
    const answer = answerDns({ name, type, class: 'IN' }, [zone])
    expect([answer.code, answer.records.map((record) => record.data)]).toEqual([code, data])
  })
})
