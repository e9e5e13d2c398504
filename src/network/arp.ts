import { macAt, putMac, type MacParts } from './address.ts'
import { putU16, putU32, u16, u32 } from './bytes.ts'

/** An ARP packet for IPv4 over Ethernet (RFC 826). */
export interface ArpPacket {
  readonly operation: 'request' | 'reply'
  readonly senderMac: MacParts
  readonly senderIp: number
  readonly targetMac: MacParts
  readonly targetIp: number
}

export function parseArp(bytes: Uint8Array): ArpPacket | null {
  if (bytes.length < 28 || u16(bytes, 0) !== 1 || u16(bytes, 2) !== 0x0800 || u16(bytes, 4) !== 0x0604) return null
  const operation = u16(bytes, 6)
  if (operation !== 1 && operation !== 2) return null
  return { operation: operation === 1 ? 'request' : 'reply', senderMac: macAt(bytes, 8), senderIp: u32(bytes, 14), targetMac: macAt(bytes, 18), targetIp: u32(bytes, 24) }
}

export function encodeArp(packet: ArpPacket): Uint8Array {
  const bytes = new Uint8Array(28)
  putU16(bytes, 0, 1)
  putU16(bytes, 2, 0x0800)
  putU16(bytes, 4, 0x0604)
  putU16(bytes, 6, packet.operation === 'request' ? 1 : 2)
  putMac(bytes, 8, packet.senderMac)
  putU32(bytes, 14, packet.senderIp)
  putMac(bytes, 18, packet.targetMac)
  putU32(bytes, 24, packet.targetIp)
  return bytes
}
