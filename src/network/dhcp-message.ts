import { macAt, putMac, type MacParts } from './address.ts'
import { asciiBytes, concat, putU16, putU32, u16, u32, u8 } from './bytes.ts'

/** DHCP message types, option 53 (RFC 2132 §9.6). */
export const DHCP = { discover: 1, offer: 2, request: 3, decline: 4, ack: 5, nak: 6, release: 7, inform: 8 } as const

/** Options this switch reads or writes (RFC 2132; 119 is RFC 3397). */
export const OPTION = {
  subnetMask: 1,
  nameServer: 6,
  hostName: 12,
  domainName: 15,
  mtu: 26,
  broadcast: 28,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  serverId: 54,
  clientId: 61,
  bootFile: 67,
  domainSearch: 119,
} as const

const MAGIC_COOKIE = 0x63825363
const FIXED_BYTES = 240

export interface DhcpRequest {
  readonly type: number
  readonly transaction: number
  readonly broadcast: boolean
  readonly seconds: number
  /** ciaddr: the address the client says it has; 0 when none. */
  readonly clientIp: number
  /** giaddr: a relay; there is none on a stage. */
  readonly relayIp: number
  readonly clientMac: MacParts
  readonly requestedIp: number | null
  readonly serverId: number | null
}

/** Reads a client's message (RFC 2131 §2); null when it is not one. Unknown options are skipped. */
export function parseDhcpRequest(bytes: Uint8Array): DhcpRequest | null {
  if (bytes.length < FIXED_BYTES || u8(bytes, 0) !== 1 || u8(bytes, 1) !== 1 || u8(bytes, 2) !== 6 || u32(bytes, 236) !== MAGIC_COOKIE) return null
  let type: number | null = null
  let requestedIp: number | null = null
  let serverId: number | null = null
  let at = FIXED_BYTES
  while (at < bytes.length) {
    const code = u8(bytes, at)
    if (code === 255) break
    if (code === 0) {
      at++
      continue
    }
    if (at + 1 >= bytes.length) return null
    const length = u8(bytes, at + 1)
    const value = at + 2
    if (value + length > bytes.length) return null
    if (code === OPTION.messageType && length === 1) type = u8(bytes, value)
    if (code === OPTION.requestedAddress && length === 4) requestedIp = u32(bytes, value)
    if (code === OPTION.serverId && length === 4) serverId = u32(bytes, value)
    at = value + length
  }
  if (type === null) return null
  return { type, transaction: u32(bytes, 4), seconds: u16(bytes, 8), broadcast: (u16(bytes, 10) & 0x8000) !== 0, clientIp: u32(bytes, 12), relayIp: u32(bytes, 24), clientMac: macAt(bytes, 28), requestedIp, serverId }
}

export type DhcpOption = readonly [code: number, value: Uint8Array]

export function ipOption(code: number, address: number): DhcpOption {
  const value = new Uint8Array(4)
  putU32(value, 0, address)
  return [code, value]
}

export function u16Option(code: number, number: number): DhcpOption {
  const value = new Uint8Array(2)
  putU16(value, 0, number)
  return [code, value]
}

export function u32Option(code: number, number: number): DhcpOption {
  return ipOption(code, number)
}

export function textOption(code: number, text: string): DhcpOption {
  return [code, asciiBytes(text)]
}

/** One search domain, as DNS labels (RFC 3397 §2). */
export function searchOption(domain: string): DhcpOption {
  const labels = domain.split('.').map((label) => concat(Uint8Array.of(label.length), asciiBytes(label)))
  return [OPTION.domainSearch, concat(...labels, Uint8Array.of(0))]
}

/** A server's message, padded to the 300 bytes that old BOOTP clients insist on (RFC 1542 §2.1). */
export function encodeDhcpReply(reply: {
  readonly type: number
  readonly request: DhcpRequest
  readonly clientIp: number
  readonly yourIp: number
  readonly serverIp: number
  readonly options: readonly DhcpOption[]
}): Uint8Array {
  const fixed = new Uint8Array(FIXED_BYTES)
  fixed[0] = 2
  fixed[1] = 1
  fixed[2] = 6
  putU32(fixed, 4, reply.request.transaction)
  putU16(fixed, 10, reply.request.broadcast ? 0x8000 : 0)
  putU32(fixed, 12, reply.clientIp)
  putU32(fixed, 16, reply.yourIp)
  putU32(fixed, 20, reply.serverIp)
  putMac(fixed, 28, reply.request.clientMac)
  putU32(fixed, 236, MAGIC_COOKIE)
  const options: DhcpOption[] = [[OPTION.messageType, Uint8Array.of(reply.type)], ...reply.options]
  const body = concat(fixed, ...options.map(([code, value]) => concat(Uint8Array.of(code, value.length), value)), Uint8Array.of(255))
  return body.length >= 300 ? body : concat(body, new Uint8Array(300 - body.length))
}
