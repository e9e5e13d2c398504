import { concat, internetChecksum, putU16, putU32, u16, u32, u8 } from './bytes.ts'
import { pseudoHeaderSum6 } from './ipv6.ts'
import { PROTOCOL, pseudoHeaderSum } from './packet.ts'

/** Control bits (RFC 9293 §3.1). */
export const TCP_FLAG = { fin: 1, syn: 2, rst: 4, push: 8, ack: 16 } as const

export interface TcpSegment {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly sequence: number
  readonly acknowledgment: number
  readonly flags: number
  readonly window: number
  /** The largest segment the sender takes (option 2); null when it did not say. */
  readonly maxSegment: number | null
  /** By how many bits its windows are to be shifted (option 3, RFC 7323 §2); absent or null when it did not say. */
  readonly windowScale?: number | null
  readonly payload: Uint8Array
}

/** Reads a TCP segment; null when its lengths do not fit. */
export function parseTcp(bytes: Uint8Array): TcpSegment | null {
  if (bytes.length < 20) return null
  const header = (u8(bytes, 12) >> 4) * 4
  if (header < 20 || header > bytes.length) return null
  let maxSegment: number | null = null
  let windowScale: number | null = null
  for (let at = 20; at < header && u8(bytes, at) !== 0; ) {
    if (u8(bytes, at) === 1) {
      at++
      continue
    }
    const length = at + 1 < header ? u8(bytes, at + 1) : 0
    if (length < 2 || at + length > header) break
    if (u8(bytes, at) === 2 && length === 4) maxSegment = u16(bytes, at + 2)
    if (u8(bytes, at) === 3 && length === 3) windowScale = Math.min(14, u8(bytes, at + 2))
    at += length
  }
  return { sourcePort: u16(bytes, 0), destinationPort: u16(bytes, 2), sequence: u32(bytes, 4), acknowledgment: u32(bytes, 8), flags: u8(bytes, 13), window: u16(bytes, 14), maxSegment, windowScale, payload: bytes.subarray(header) }
}

/** Writes a segment between two IPv4 addresses, with its checksum; `maxSegment` and with it `windowScale` are said when not null. */
export function encodeTcp(source: number, destination: number, segment: TcpSegment): Uint8Array {
  return encode(segment, (length) => pseudoHeaderSum(source, destination, PROTOCOL.tcp, length))
}

/** The same between two IPv6 addresses. */
export function encodeTcp6(source: Uint8Array, destination: Uint8Array, segment: TcpSegment): Uint8Array {
  return encode(segment, (length) => pseudoHeaderSum6(source, destination, PROTOCOL.tcp, length))
}

function encode(segment: TcpSegment, pseudoHeader: (length: number) => number): Uint8Array {
  const { windowScale = null } = segment
  const header = new Uint8Array(segment.maxSegment === null ? 20 : windowScale === null ? 24 : 28)
  putU16(header, 0, segment.sourcePort)
  putU16(header, 2, segment.destinationPort)
  putU32(header, 4, segment.sequence >>> 0)
  putU32(header, 8, segment.acknowledgment >>> 0)
  header[12] = (header.length / 4) << 4
  header[13] = segment.flags
  putU16(header, 14, segment.window)
  if (segment.maxSegment !== null) {
    header[20] = 2
    header[21] = 4
    putU16(header, 22, segment.maxSegment)
    if (windowScale !== null) header.set([1, 3, 3, windowScale], 24)
  }
  const bytes = concat(header, segment.payload)
  putU16(bytes, 16, internetChecksum(bytes, 0, bytes.length, pseudoHeader(bytes.length)))
  return bytes
}
