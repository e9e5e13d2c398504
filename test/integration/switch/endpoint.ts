import { connect, type Socket } from 'node:net'
import { BROADCAST, macAt, macParts, parseIpv4, sameMac, type MacParts } from '../../../src/network/address.ts'
import { encodeArp } from '../../../src/network/arp.ts'
import { asciiBytes, concat, internetChecksum, putU16, putU32, u16, u32, u8 } from '../../../src/network/bytes.ts'
import { FrameReader, HEADER_BYTES } from '../../../src/network/frame-reader.ts'
import { ETHERTYPE, ethernet, ipv4, parseIpv4Packet, parseUdp, PROTOCOL, pseudoHeaderSum, udp } from '../../../src/network/packet.ts'
import type { MacAddress } from '../../../src/contract/names.ts'
import { ReadBuffers } from '../../../src/network/read-buffers.ts'
import { ReadWindow } from '../../../src/node/switch/read-window.ts'

/** A guest reduced to its wire: sends and receives frames over the switch's data socket as QEMU does. */
export class Endpoint {
  readonly socket: Socket
  readonly mac: MacParts
  readonly frames: Uint8Array[] = []
  #closed = false
  #waiting: (() => void)[] = []

  private constructor(socket: Socket, mac: MacAddress) {
    this.socket = socket
    this.mac = macParts(mac)
    const reader = new FrameReader()
    const sink = {
      frame: (chunk: Uint8Array, start: number, end: number) => this.frames.push(chunk.slice(start + HEADER_BYTES, end)),
      refused: () => {},
    }
    const window = new ReadWindow(new ReadBuffers(), (chunk) => Math.max(0, reader.push(chunk, sink)))
    socket.on('data', (chunk: Buffer) => {
      window.put(chunk)
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
  }

  static async open(path: string, mac: MacAddress): Promise<Endpoint> {
    const socket = connect(path)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve())
      socket.once('error', reject)
    })
    return new Endpoint(socket, mac)
  }

  get closed(): boolean {
    return this.#closed
  }

  send(...frames: Uint8Array[]): void {
    this.socket.write(concat(...frames.map(withLength)))
  }

  /** The first frame, received already or to come, that passes; taken out of `frames`. */
  async receive(passes: (frame: Uint8Array) => boolean, timeoutMs = 300_000): Promise<Uint8Array> {
    const found = await this.maybe(passes, timeoutMs)
    if (found === null) throw new Error(`no such frame within ${timeoutMs} ms; ${this.frames.length} others came`)
    return found
  }

  async maybe(passes: (frame: Uint8Array) => boolean, timeoutMs: number): Promise<Uint8Array | null> {
    const deadline = performance.now() + timeoutMs
    while (true) {
      const index = this.frames.findIndex(passes)
      const [frame] = index < 0 ? [] : this.frames.splice(index, 1)
      if (frame !== undefined) return frame
      if (this.#closed || performance.now() >= deadline) return null
      await this.#change(deadline - performance.now())
    }
  }

  async waitClosed(timeoutMs = 300_000): Promise<void> {
    const deadline = performance.now() + timeoutMs
    while (!this.#closed) {
      if (performance.now() >= deadline) throw new Error(`still connected after ${timeoutMs} ms`)
      await this.#change(deadline - performance.now())
    }
  }

  close(): void {
    this.socket.destroy()
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

export function withLength(frame: Uint8Array): Uint8Array {
  const header = new Uint8Array(4)
  putU32(header, 0, frame.length)
  return concat(header, frame)
}

export function address(text: string): number {
  const parsed = parseIpv4(text)
  if (parsed === null) throw new Error(`${text} is no address`)
  return parsed
}

/** An Ethernet frame of a private EtherType with a number to know it by. */
export function testFrame(from: MacParts, to: MacParts, number: number, length = 60): Uint8Array {
  const payload = new Uint8Array(length - 14)
  putU32(payload, 0, number)
  return ethernet(to, from, 0x88b5, payload)
}

export function isTestFrame(number: number): (frame: Uint8Array) => boolean {
  return (frame) => u16(frame, 12) === 0x88b5 && u32(frame, 14) === number
}

export function arpRequest(from: MacParts, fromIp: number, forIp: number): Uint8Array {
  return ethernet(BROADCAST, from, ETHERTYPE.arp, encodeArp({ operation: 'request', senderMac: from, senderIp: fromIp, targetMac: { high: 0, low: 0 }, targetIp: forIp }))
}

export function udpFrame(from: MacParts, to: MacParts, source: number, destination: number, sourcePort: number, destinationPort: number, payload: Uint8Array): Uint8Array {
  return ethernet(to, from, ETHERTYPE.ipv4, ipv4(source, destination, PROTOCOL.udp, udp(source, destination, sourcePort, destinationPort, payload)))
}

/** The UDP payload of a frame to this endpoint and port, or null. */
export function udpPayload(frame: Uint8Array, to: MacParts, port: number): Uint8Array | null {
  if (u16(frame, 12) !== ETHERTYPE.ipv4 || !(sameMac(macAt(frame, 0), to) || u8(frame, 0) === 255)) return null
  const packet = parseIpv4Packet(frame.subarray(14))
  const datagram = packet === null || packet.protocol !== PROTOCOL.udp ? null : parseUdp(packet.payload)
  return datagram?.destinationPort === port ? datagram.payload : null
}

export function echoRequest(from: MacParts, to: MacParts, source: number, destination: number, sequence: number): Uint8Array {
  const message = concat(Uint8Array.of(8, 0, 0, 0, 0, 7, 0, sequence), asciiBytes('diptych'))
  putU16(message, 2, internetChecksum(message, 0, message.length))
  return ethernet(to, from, ETHERTYPE.ipv4, ipv4(source, destination, PROTOCOL.icmp, message))
}

/** A TCP segment with the given flags (RFC 9293 §3.1), checksummed. */
export function tcpFrame(from: MacParts, to: MacParts, source: number, destination: number, ports: [number, number], sequence: number, flags: number, text: string): Uint8Array {
  const header = new Uint8Array(20)
  putU16(header, 0, ports[0])
  putU16(header, 2, ports[1])
  putU32(header, 4, sequence >>> 0)
  header[12] = 0x50
  header[13] = flags
  putU16(header, 14, 0xffff)
  const segment = concat(header, asciiBytes(text))
  putU16(segment, 16, internetChecksum(segment, 0, segment.length, pseudoHeaderSum(source, destination, PROTOCOL.tcp, segment.length)))
  return ethernet(to, from, ETHERTYPE.ipv4, ipv4(source, destination, PROTOCOL.tcp, segment))
}
