import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GuestName, MacAddress } from '../contract/names.ts'
import { BROADCAST, ipv4Text, macParts, parseIpv4, parseSubnet, sameMac } from './address.ts'
import { asciiBytes, concat, putU16, putU32, u32, u8 } from './bytes.ts'
import { DHCP, parseDhcpRequest } from './dhcp-message.ts'
import { answerDhcp } from './dhcp-server.ts'
import { Leases } from './leases.ts'

const subnet = parseSubnet('10.77.0.0/24')
const mac = macParts(MacAddress.parse('52:54:00:d1:00:01'))
const own = subnet.firstGuest
const client = { mac, ipv4: own, hostName: 'linux', mtu: 65_520, bootUrl: null }

interface Message {
  type?: number
  clientIp?: number
  requestedIp?: number
  serverId?: number
  broadcast?: boolean
  hardware?: Uint8Array
  relay?: number
}

/** A client's message as RFC 2131 §2 draws it, made independently of the code under test. */
function message(fields: Message): Uint8Array {
  const fixed = new Uint8Array(240)
  fixed.set([1, 1, 6, 0], 0)
  putU32(fixed, 4, 0xcafe_babe)
  if (fields.broadcast === true) putU16(fixed, 10, 0x8000)
  putU32(fixed, 12, fields.clientIp ?? 0)
  putU32(fixed, 24, fields.relay ?? 0)
  fixed.set(fields.hardware ?? Uint8Array.of(0x52, 0x54, 0, 0xd1, 0, 1), 28)
  putU32(fixed, 236, 0x63825363)
  const ip = (code: number, value: number | undefined) => {
    if (value === undefined) return new Uint8Array()
    const option = Uint8Array.of(code, 4, 0, 0, 0, 0)
    putU32(option, 2, value)
    return option
  }
  return concat(fixed, Uint8Array.of(0, 53, 1, fields.type ?? 1), ip(50, fields.requestedIp), ip(54, fields.serverId), Uint8Array.of(255, 0, 0))
}

function options(reply: Uint8Array): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>()
  for (let at = 240; u8(reply, at) !== 255; at += 2 + u8(reply, at + 1)) found.set(u8(reply, at), reply.subarray(at + 2, at + 2 + u8(reply, at + 1)))
  return found
}

function ask(fields: Message) {
  const request = parseDhcpRequest(message(fields))
  if (request === null) throw new Error('not read')
  return answerDhcp(request, client, { subnet, domain: 'diptych.internal' })
}

function answered(fields: Message) {
  const verdict = ask(fields)
  if (!('answer' in verdict)) throw new Error(`ignored: ${verdict.ignored}`)
  return { ...verdict.answer, type: u8(options(verdict.answer.message).get(53) ?? new Uint8Array(1), 0), options: options(verdict.answer.message), yourIp: u32(verdict.answer.message, 16) }
}

describe('DHCP', () => {
  it('offers the port\'s own address with every option a guest needs and no router', () => {
    const offer = answered({ type: DHCP.discover })
    expect([offer.type, offer.yourIp, offer.destinationIp, sameMac(offer.destinationMac, mac), offer.bound]).toEqual([DHCP.offer, own, own, true, null])
    const hex = (code: number) => Buffer.from(offer.options.get(code) ?? []).toString('hex')
    expect([...offer.options.keys()].toSorted((left, right) => left - right)).toEqual([1, 6, 12, 15, 26, 28, 51, 53, 54, 119])
    expect([hex(1), hex(6), hex(26), hex(51), hex(54)]).toEqual(['ffffff00', '0a4d0001', 'fff0', '00015180', '0a4d0001'])
    expect(offer.options.get(119)).toEqual(concat(Uint8Array.of(7), asciiBytes('diptych'), Uint8Array.of(8), asciiBytes('internal'), Uint8Array.of(0)))
    expect(offer.message.length).toBeGreaterThanOrEqual(300)
  })

  it.each([
    ['selecting', { requestedIp: own, serverId: subnet.gateway }, DHCP.ack, own],
    ['after a reboot', { requestedIp: own }, DHCP.ack, own],
    ['renewing', { clientIp: own }, DHCP.ack, own],
    ['another address', { requestedIp: own + 5, serverId: subnet.gateway }, DHCP.nak, 0xffff_ffff],
    ['an address of another network', { requestedIp: 0xc0a8_0105 }, DHCP.nak, 0xffff_ffff],
    ['no address', {}, DHCP.nak, 0xffff_ffff],
  ])('answers a request %s', (_name, fields, type, destination) => {
    const reply = answered({ type: DHCP.request, ...fields })
    expect([reply.type, reply.destinationIp, reply.bound]).toEqual([type, destination, type === DHCP.ack ? true : null])
  })

  it('broadcasts when the client asked for it, and informs without a lease', () => {
    const offer = answered({ type: DHCP.discover, broadcast: true })
    expect([offer.destinationIp, offer.destinationMac]).toEqual([0xffff_ffff, BROADCAST])
    const information = answered({ type: DHCP.inform, clientIp: own })
    expect([information.type, information.yourIp, information.options.has(51)]).toEqual([DHCP.ack, 0, false])
  })

  it.each([
    ['foreign-hardware-address', { type: DHCP.discover, hardware: Uint8Array.of(2, 0, 0, 0, 0, 9) }],
    ['for-another-server', { type: DHCP.request, requestedIp: own, serverId: 0x0102_0304 }],
    ['relayed', { type: DHCP.discover, relay: 0x0102_0304 }],
    ['declined', { type: DHCP.decline }],
    ['released', { type: DHCP.release, clientIp: own }],
    ['unknown-type', { type: 13 }],
  ])('ignores what is %s', (ignored, fields) => {
    expect(ask(fields)).toEqual({ ignored })
  })

  it('reads any bytes without a fault', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(320), (tail, cut) => {
        parseDhcpRequest(concat(message({}).slice(0, 240), tail))
        parseDhcpRequest(message({ requestedIp: 1, serverId: 2 }).slice(0, cut))
      }),
    )
  })
})

describe('Leases', () => {
  const name = GuestName.parse('g')
  const macOf = (number: number) => MacAddress.parse(`52:54:00:00:00:${number.toString(16).padStart(2, '0')}`)

  it('never gives one address to two ports, and the same one again', () => {
    const small = parseSubnet('192.168.9.0/28')
    fc.assert(
      fc.property(fc.array(fc.record({ mac: fc.nat(20), remove: fc.boolean(), restart: fc.boolean() }), { maxLength: 60 }), (steps) => {
        let leases = new Leases(small, null)
        const ports = new Map<string, number>()
        for (const step of steps) {
          if (step.restart) leases = new Leases(small, leases.document())
          const mac = macOf(step.mac)
          if (step.remove) {
            ports.delete(mac)
            continue
          }
          const others = new Set([...ports.keys()].filter((each) => each !== mac))
          const reserved = leases.reserve(mac, name, others)
          if (reserved === null) {
            expect(others.size).toBe(small.lastGuest - small.firstGuest + 1)
            continue
          }
          if (ports.has(mac)) expect(reserved.ipv4).toBe(ports.get(mac))
          expect([...ports].some(([other, address]) => other !== mac && address === reserved.ipv4)).toBe(false)
          ports.set(mac, reserved.ipv4)
        }
      }),
    )
  })

  it('gives a MAC the same address whatever came before it', () => {
    const address = (...macs: number[]) => {
      const leases = new Leases(subnet, null)
      return macs.map((mac) => leases.reserve(macOf(mac), name, new Set())?.ipv4).at(-1)
    }
    expect(address(2)).toBe(address(1, 5, 2))
    expect(address(2)).toBe(subnet.firstGuest + 2)
  })

  it('forgets addresses of another subnet, and two records with one address', () => {
    const record = (number: number, ipv4: string) => ({ mac: macOf(number), guest: name, ipv4 })
    const leases = new Leases(subnet, { version: 1, leases: [record(1, '10.77.0.50'), record(2, '10.78.0.51'), record(3, '10.77.0.50'), record(4, '10.77.0.1')] })
    expect(leases.document().leases.map((lease) => lease.ipv4)).toEqual(['10.77.0.50'])
  })
})

describe('parseSubnet', () => {
  it.each(['10.77.0.0/24', '172.16.0.0/16', '192.168.5.16/28'])('takes %s', (text) => {
    const parsed = parseSubnet(text)
    expect([parsed.firstGuest > parsed.gateway, parsed.lastGuest < parsed.broadcast, parsed.gateway === parsed.network + 1]).toEqual([true, true, true])
  })
  it.each(['', '10.77.0.0', '10.77.0.0/8', '10.77.0.0/30', '10.77.0.0/24/2', '10.77.0.1/24', '11.0.0.0/24', '10.77.0.300/24', '10.77.0.0/-1'])('refuses %j', (text) => {
    expect(() => parseSubnet(text)).toThrow(RangeError)
  })
  it('reads and writes addresses', () => {
    fc.assert(fc.property(fc.nat(0xffff_ffff), (address) => parseIpv4(ipv4Text(address)) === address))
  })
})
