import { GuestName, MacAddress } from '../../src/contract/names.ts'
import { BROADCAST, macAt, macParts, parseSubnet, sameMac } from '../../src/network/address.ts'
import { encodeArp } from '../../src/network/arp.ts'
import { asciiBytes, concat, putU16, putU32, u16, u32 } from '../../src/network/bytes.ts'
import { MAX_FRAME_BYTES } from '../../src/network/frame-reader.ts'
import { GATEWAY_MAC_PARTS } from '../../src/network/gateway.ts'
import { HTTP_LOG_LIMITS } from '../../src/network/http-log.ts'
import { ulaPrefix } from '../../src/network/ipv6.ts'
import { ETHERTYPE, ethernet, ipv4, PROTOCOL, udp } from '../../src/network/packet.ts'
import { VirtualSwitch } from '../../src/network/virtual-switch.ts'
import { DnsPacketCodec } from '../../src/node/switch/dns-codec.ts'
import { ReadBuffers } from '../../src/network/read-buffers.ts'
import { switchOptions } from '../fake/switch-options.ts'
import { Cable } from './cable.ts'
import { Dice } from './dice.ts'
import { DialledGuests } from './dialled-guests.ts'
import { DnsAskers } from './dns-askers.ts'
import type { Guest } from './guest.ts'
import { ipv6Frame, Ipv6Model } from './ipv6-model.ts'
import { tagged, untagged } from './tags.ts'

const GUESTS = 5
const subnet = parseSubnet('10.77.0.0/24')

/**
 * Throws frames, whole and mutated, in random chunks at a whole switch and checks every delivery against a model:
 * nobody gets what was not sent to them, nothing that should arrive is missing, order is kept. Throws an Error naming
 * the seed at the first difference. Returns how many frames were sent; `progress` hears of it now and then.
 */
export function fuzzSwitch(seed: number, frames: number, progress: (sent: number) => void = () => {}): number {
  const dice = new Dice(seed)
  const waits = new Dice(seed + 1_000_000)
  const buffers = new ReadBuffers()
  let now = 0
  let globalId = ''
  const network = new VirtualSwitch(switchOptions({ subnet, codec: new DnsPacketCodec(), now: () => now, random: () => dice.below(1_000) / 1_000, saveLeases: (document) => void (globalId = document.globalId ?? '') }))
  const guests: Guest[] = Array.from({ length: GUESTS }, (_, index) => {
    const guest = GuestName.parse(`g${index}`)
    const macText = MacAddress.parse(`52:54:00:d1:00:0${index}`)
    const reply = network.definePort({ guest, mac: macText, mtu: 1_500, pinned: true, bootUrl: null, uplink: false })
    if ('error' in reply) throw new Error(reply.error.message)
    return { guest, macText, mac: macParts(macText), address: u32(Uint8Array.from(reply.port.ipv4.split('.').map(Number)), 0), cable: null, received: [], up: true }
  })
  const ipv6 = new Ipv6Model(ulaPrefix(globalId), guests)
  const dialled = new DialledGuests(dice, network, subnet.gateway)
  const askers = new DnsAskers(dice, subnet.gateway)
  for (const guest of guests) plug(guest)
  let sent = 0
  while (sent < frames) {
    now += dice.pick([1, 50, 300, 10_000])
    const sender = dice.pick(guests)
    if (dice.chance(10)) network.tick()
    if (dice.chance(5)) dialled.dial(sender)
    if (dice.chance(3)) {
      sender.up = !sender.up
      network.setLink(sender.guest, { up: sender.up })
    }
    if (dice.chance(2)) plug(sender)
    const batch = Array.from({ length: 1 + dice.below(20) }, () => (dice.chance(10) ? dialled.segment(sender) : null) ?? (dice.chance(10) ? askers.segment(sender, GATEWAY_MAC_PARTS) : anyFrame(sender)))
    const expected = guests.map(() => [] as Uint8Array[])
    for (const frame of batch) for (const index of receivers(frame, sender, guests, ipv6)) expected[index]?.push(frame)
    for (const chunk of chunks(dice, concat(...batch.map(withLength)))) {
      if (sender.cable?.push(chunk) !== true) throw new Error(`seed ${seed}: a sound stream was called corrupt`)
    }
    const wrong = dialled.wrong ?? askers.wrong
    if (wrong !== null) throw new Error(`seed ${seed}, frame ${sent}: ${wrong}`)
    for (const [index, guest] of guests.entries()) {
      const got = guest.received.splice(0)
      const want = expected[index] ?? []
      if (got.length !== want.length || got.some((frame, at) => Buffer.compare(frame, want[at] ?? new Uint8Array()) !== 0)) {
        throw new Error(`seed ${seed}, frame ${sent}: ${guest.guest} got ${got.length} frames, should have got ${want.length}`)
      }
    }
    if (network.http.flowCount > HTTP_LOG_LIMITS.flows) throw new Error(`seed ${seed}, frame ${sent}: ${network.http.flowCount} connections are followed`)
    sent += batch.length
    progress(sent)
    if (dice.chance(2)) {
      // Bytes without sense: the connection may be closed, nobody else may notice.
      const noise = Uint8Array.from({ length: dice.below(3_000) }, () => dice.below(256))
      sender.cable?.push(noise)
      for (const guest of guests) guest.received = []
      plug(sender)
    }
  }
  if (sent >= 5_000 && Object.values(dialled.reached).includes(0)) throw new Error(`seed ${seed}: the host's connections carried nothing: ${JSON.stringify(dialled.reached)}`)
  if (sent >= 5_000 && askers.longest < 5) throw new Error(`seed ${seed}: at most ${askers.longest} questions of one TCP connection were answered`)
  const lines = network.http.lines(2 * HTTP_LOG_LIMITS.lines).length
  if (lines > HTTP_LOG_LIMITS.lines) throw new Error(`seed ${seed}: ${lines} lines of the HTTP log were kept`)
  return sent

  function anyFrame(sender: Guest): Uint8Array {
    const frame = dice.chance(20) ? ipv6Frame(dice, ipv6.prefix, guests, sender) : makeFrame(dice, guests, sender)
    return frame.length >= 14 && dice.chance(10) ? tagged(dice, frame) : frame
  }

  /** A new connection to the guest's port. */
  function plug(guest: Guest): void {
    guest.cable?.unplug()
    ipv6.leave(guest)
    guest.cable = new Cable(network.fabric, guest.guest, buffers, waits, (frame) => {
      if (sameMac(macAt(frame, 6), GATEWAY_MAC_PARTS)) {
        dialled.heard(guest, frame)
        askers.heard(guest, frame)
      } else guest.received.push(frame)
    })
  }
}

/** The model: which guests a frame must reach. */
function receivers(frame: Uint8Array, sender: Guest, guests: readonly Guest[], ipv6: Ipv6Model): number[] {
  if (frame.length < 14 || frame.length > MAX_FRAME_BYTES || !sameMac(macAt(frame, 6), sender.mac) || !sender.up) return []
  const claimed = claimedAddress(frame)
  if (claimed !== null && claimed !== sender.address && (claimed === subnet.gateway || guests.some((guest) => guest.address === claimed))) return []
  if (isDhcpAnswer(frame) || !ipv6.admits(sender, frame)) return []
  const to = macAt(frame, 0)
  const group = (to.high & 0x0100) !== 0
  const one = guests.findIndex((guest) => sameMac(guest.mac, to))
  if (!group && sameMac(to, GATEWAY_MAC_PARTS)) return []
  const all = guests.map((_, index) => index)
  return (group || one < 0 ? all : [one]).filter((index) => guests[index] !== sender && guests[index]?.up === true)
}

/** The IPv4 address a frame says it is from, behind any tags. */
function claimedAddress(frame: Uint8Array): number | null {
  const { etherType, payload } = untagged(frame)
  if (etherType === ETHERTYPE.ipv4 && payload.length >= 20) return u32(payload, 12)
  return etherType === ETHERTYPE.arp && payload.length >= 28 ? u32(payload, 14) : null
}

/** A DHCP server's answer: UDP from port 67 to 68, in one piece or the first of several. */
function isDhcpAnswer(frame: Uint8Array): boolean {
  const { etherType, payload } = untagged(frame)
  if (etherType !== ETHERTYPE.ipv4 || payload.length < 20 || payload[9] !== PROTOCOL.udp || (u16(payload, 6) & 0x1fff) !== 0) return false
  const header = ((payload[0] ?? 0) & 15) * 4
  const ports = payload.subarray(header, Math.min(payload.length, u16(payload, 2)))
  return ports.length >= 4 && u16(ports, 0) === 67 && u16(ports, 2) === 68
}

function makeFrame(dice: Dice, guests: readonly Guest[], sender: Guest): Uint8Array {
  const other = dice.pick(guests)
  const to = dice.chance(60) ? other.mac : dice.pick([BROADCAST, GATEWAY_MAC_PARTS, { high: 0x3333, low: 1 }, { high: 0x0200, low: dice.below(1_000_000) }])
  const from = dice.chance(92) ? sender.mac : other.mac
  const source = dice.chance(85) ? sender.address : dice.pick([other.address, subnet.gateway, 0, dice.below(0x7fff_ffff)])
  const destination = dice.chance(50) ? subnet.gateway : dice.pick([other.address, 0xffff_ffff])
  const frame = ethernet(to, from, ...payload(dice, source, destination))
  if (dice.chance(20)) for (let flips = 1 + dice.below(6); flips > 0; flips--) frame[12 + dice.below(frame.length - 12)] = dice.below(256)
  if (dice.chance(2)) return frame.slice(0, dice.below(14))
  return dice.chance(3) ? frame.slice(0, 14 + dice.below(frame.length - 13)) : frame
}

function payload(dice: Dice, source: number, destination: number): [number, Uint8Array] {
  const packet = (protocol: number, body: Uint8Array): [number, Uint8Array] => {
    return [ETHERTYPE.ipv4, ipv4(source, destination, protocol, body)]
  }
  switch (dice.below(8)) {
    case 0:
      return [ETHERTYPE.arp, encodeArp({ operation: dice.pick(['request', 'reply']), senderMac: { high: 1, low: 2 }, senderIp: source, targetMac: { high: 0, low: 0 }, targetIp: destination })]
    case 1:
      return packet(17, udp(source, destination, 5_353, 53, dns(dice)))
    case 2:
      return dice.chance(20) ? packet(17, udp(source, destination, 67, 68, dhcp(dice))) : packet(17, udp(source, destination, 68, 67, dhcp(dice)))
    case 3:
      return packet(1, Uint8Array.of(8, 0, 0xf7, 0xff, 0, 0, 0, 0))
    case 4:
      return packet(6, tcp(dice))
    case 5:
      return [ETHERTYPE.ipv6, new Uint8Array(40 + dice.below(200))]
    case 6:
      return [0x88b5, new Uint8Array(dice.chance(10) ? dice.below(MAX_FRAME_BYTES - 14) : dice.below(1_500))]
    default:
      return [dice.below(65_536), Uint8Array.from({ length: dice.below(120) }, () => dice.below(256))]
  }
}

function dns(dice: Dice): Uint8Array {
  const header = new Uint8Array(12)
  putU16(header, 0, dice.below(65_536))
  putU16(header, 4, 1)
  const label = (text: string) => concat(Uint8Array.of(text.length), asciiBytes(text))
  const name = dice.chance(80) ? concat(label(dice.pick(['g0', 'g1', 'nobody', 'x'.repeat(63)])), label('diptych'), label('internal'), Uint8Array.of(0)) : Uint8Array.of(0xc0, dice.below(40))
  return concat(header, name, Uint8Array.of(0, dice.pick([1, 12, 28, 65, 255]), 0, 1))
}

function dhcp(dice: Dice): Uint8Array {
  const message = new Uint8Array(300)
  message.set([1, 1, 6, 0, dice.below(256)])
  putU32(message, 236, 0x63825363)
  message.set([53, 1, dice.below(10), 50, 4, 10, 77, 0, dice.below(256), dice.below(256), dice.below(256)], 240)
  return message
}

/** The beginning of a TLS connection: record and handshake header, version, random, no lists, a server name. */
const TLS_HELLO = `\x16\x03\x01\x00\x3a\x01\x00\x00\x36\x03\x03${'r'.repeat(32)}\x00\x00\x02\x13\x01\x01\x00\x00\x0b\x00\x00\x00\x07\x00\x05\x00\x00\x02g0`

function tcp(dice: Dice): Uint8Array {
  const header = new Uint8Array(20)
  putU16(header, 0, dice.chance(50) ? dice.below(65_536) : dice.pick([40_000, 40_001, 80]))
  putU16(header, 2, dice.pick([80, 80, 40_000]))
  putU32(header, 4, dice.below(5_000))
  header[12] = dice.pick([0x50, 0x50, 0x50, 0x60, 0xf0, 0])
  header[13] = dice.pick([0x18, 0x18, 0x11, 0x14])
  const text = dice.pick(['GET / HTTP/1.1\r\n\r\n', 'POST /x HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\nabc', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'HTTP/1.1 100 \r\n\r\n', 'GET /', '\r\n\r\n', '', TLS_HELLO])
  return concat(header, asciiBytes(text.slice(0, dice.chance(70) ? text.length : dice.below(text.length + 1))))
}

function chunks(dice: Dice, stream: Uint8Array): Uint8Array[] {
  const cut: Uint8Array[] = []
  for (let at = 0; at < stream.length; ) {
    const end = Math.min(stream.length, at + 1 + (dice.chance(30) ? dice.below(20) : dice.below(65_536)))
    cut.push(stream.slice(at, end))
    at = end
  }
  return cut
}

function withLength(frame: Uint8Array): Uint8Array {
  const header = new Uint8Array(4)
  putU32(header, 0, frame.length)
  return concat(header, frame)
}
