import { macAt } from '../../src/network/address.ts'
import { u8 } from '../../src/network/bytes.ts'
import { ETHERTYPE, ethernet, ipv4, parseIpv4Packet, PROTOCOL } from '../../src/network/packet.ts'
import type { TcpConnection } from '../../src/network/tcp-connection.ts'
import { encodeTcp, parseTcp, TCP_FLAG } from '../../src/network/tcp-segment.ts'
import type { VirtualSwitch } from '../../src/network/virtual-switch.ts'
import type { Dice } from './dice.ts'
import type { Guest } from './guest.ts'

const TCP_PORT = 8_080

interface Dialled {
  readonly guest: Guest
  readonly salt: number
  /** The guest's first sequence number, how much it will send, and what of it the host was given. */
  readonly first: number
  readonly length: number
  given: number
  ended: boolean
  closed: boolean
  /** What the host wrote, and how far the guest has heard of it. */
  written: number
  heard: number
  connection: TcpConnection | null
  /** From the host's SYN. */
  hostPort: number
  hostFirst: number
  gatewayMac: Uint8Array | null
}

/**
 * The host's connections to guests that answer as chance has it: late, early, twice, never, out of turn. The model: both
 * ends get the other's bytes in their order, each once, and an end only where it was.
 */
export class DialledGuests {
  /** What went against the model first. */
  wrong: string | null = null
  /** Bytes that reached the host, and the guests, and ends told: a run without any has tried nothing. */
  readonly reached = { host: 0, guests: 0, ends: 0 }
  readonly #dice: Dice
  readonly #network: VirtualSwitch
  readonly #gateway: number
  #open: Dialled[] = []

  constructor(dice: Dice, network: VirtualSwitch, gateway: number) {
    this.#dice = dice
    this.#network = network
    this.#gateway = gateway
  }

  /** The host connects to a guest. */
  dial(guest: Guest): void {
    const port = this.#network.fabric.ports.get(guest.guest)
    // One at a time is told apart by its first segment; while it waits for that, no second is opened.
    if (port === undefined || this.#open.length >= 20 || this.#open.some((each) => each.guest.guest === guest.guest && each.gatewayMac === null)) return
    const dice = this.#dice
    const made: Dialled = { guest, salt: dice.below(256), first: dice.below(0x1_0000_0000), length: dice.below(dice.chance(80) ? 4_000 : 60_000), given: 0, ended: false, closed: false, written: 0, heard: 0, connection: null, hostPort: 0, hostFirst: 0, gatewayMac: null }
    this.#open.push(made)
    made.connection = this.#network.dialer.dial(port, TCP_PORT, () => ({
      backlogBytes: 0,
      opened: () => this.#write(made),
      data: (bytes) => {
        if (made.ended || made.closed) this.#fail('bytes came after the end')
        for (const byte of bytes) if (byte !== streamByte(made.salt, made.given++)) this.#fail('the host was given other bytes than the guest sent')
        this.reached.host += bytes.length
        if (made.given > made.length) this.#fail('more came than was sent')
      },
      ended: () => {
        if (made.given !== made.length || made.ended) this.#fail('an end was told where there was none')
        made.ended = true
        this.reached.ends++
      },
      closed: () => {
        if (made.closed) this.#fail('an end was told twice')
        made.closed = true
        this.#open = this.#open.filter((each) => each !== made)
      },
      drained: () => {},
    }))
  }

  /** A frame of the gateway reached the guest. */
  heard(guest: Guest, frame: Uint8Array): void {
    const packet = frame[12] === 8 && frame[13] === 0 ? parseIpv4Packet(frame.subarray(14)) : null
    const segment = packet === null || packet.protocol !== PROTOCOL.tcp ? null : parseTcp(packet.payload)
    if (segment === null || segment.destinationPort !== TCP_PORT) return
    if ((segment.flags & TCP_FLAG.syn) !== 0) {
      const dialled = this.#open.find((each) => each.guest.guest === guest.guest && each.gatewayMac === null)
      if (dialled === undefined || this.#open.some((each) => each.gatewayMac !== null && each.hostPort === segment.sourcePort)) return
      Object.assign(dialled, { hostPort: segment.sourcePort, hostFirst: segment.sequence, gatewayMac: frame.slice(6, 12) })
      return
    }
    const dialled = this.#open.find((each) => each.guest.guest === guest.guest && each.hostPort === segment.sourcePort)
    if (dialled === undefined) return
    const at = (segment.sequence - dialled.hostFirst - 1) | 0
    for (const [index, byte] of segment.payload.entries()) if (byte !== streamByte(dialled.salt ^ 0xff, at + index)) this.#fail('the guest was sent other bytes than the host wrote')
    this.reached.guests += segment.payload.length
    if (at <= dialled.heard) dialled.heard = Math.max(dialled.heard, at + segment.payload.length)
    if (dialled.heard > dialled.written) this.#fail('the guest was sent more than the host wrote')
  }

  /** A frame of the guest for one of its connections; null when it has none. */
  segment(guest: Guest): Uint8Array | null {
    const dice = this.#dice
    const mine = this.#open.filter((each) => each.guest.guest === guest.guest && each.gatewayMac !== null)
    if (mine.length === 0) return null
    const dialled = dice.pick(mine)
    if (dice.chance(20)) this.#write(dialled)
    if (dice.chance(2)) dialled.connection?.end()
    const from = Math.min(dialled.length, Math.max(0, dialled.given + dice.pick([0, 0, 0, dice.below(4_000) - 1_500])))
    const payload = Uint8Array.from({ length: Math.min(dialled.length - from, dice.below(1_400)) }, (_, index) => streamByte(dialled.salt, from + index))
    const isLast = from + payload.length === dialled.length
    const kind = dice.below(100)
    const isSyn = kind < 25
    const isReset = kind === 99
    const sequence = isSyn ? dialled.first : dialled.first + 1 + from
    const acknowledgment = isSyn ? dialled.hostFirst + 1 : dialled.hostFirst + 1 + dice.pick([dialled.heard, dialled.heard, dice.below(dialled.heard + 1), dice.below(100_000)])
    const flags = isSyn ? TCP_FLAG.syn | TCP_FLAG.ack : isReset ? TCP_FLAG.rst : TCP_FLAG.ack | (isLast && dice.chance(50) ? TCP_FLAG.fin : 0)
    const encoded = encodeTcp(guest.address, this.#gateway, {
      sourcePort: TCP_PORT,
      destinationPort: dialled.hostPort,
      sequence: sequence >>> 0,
      acknowledgment: (dice.chance(3) ? dice.below(0x7fff_ffff) : acknowledgment) >>> 0,
      flags,
      window: dice.pick([0, 1, 1_000, 65_535, 65_535]),
      maxSegment: isSyn ? dice.pick([null, 1_460, 1, 65_535]) : null,
      windowScale: isSyn ? dice.pick([null, 0, 7, 14]) : null,
      payload: isSyn || isReset ? new Uint8Array() : payload,
    })
    return ethernet(macAt(dialled.gatewayMac ?? new Uint8Array(6), 0), guest.mac, ETHERTYPE.ipv4, ipv4(guest.address, this.#gateway, PROTOCOL.tcp, encoded))
  }

  #write(dialled: Dialled): void {
    if (dialled.connection === null || dialled.closed || dialled.written > 200_000) return
    const bytes = Uint8Array.from({ length: this.#dice.below(5_000) }, (_, index) => streamByte(dialled.salt ^ 0xff, dialled.written + index))
    dialled.written += bytes.length
    dialled.connection.write(bytes)
  }

  #fail(what: string): void {
    this.wrong ??= what
  }
}

/** What stands at one place of one stream. */
function streamByte(salt: number, at: number): number {
  return u8(PATTERN, (at * 7 + salt + (at >> 8)) & 1_023)
}
const PATTERN = Uint8Array.from({ length: 1_024 }, (_, index) => (index * 167 + (index >> 3)) & 255)
