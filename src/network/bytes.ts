/**
 * Reading and writing network byte order. The one `as number` for indexing lives here: every caller has checked
 * its bounds, and the check that `noUncheckedIndexedAccess` asks for would cost a branch per byte on the data path.
 */
export function u8(bytes: Uint8Array, at: number): number {
  return bytes[at] as number
}

export function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

export function u32(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0
}

export function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** The bytes of a text whose characters are all below 256. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff)
}

/**
 * The Internet checksum (RFC 1071) of bytes[start, end), added to a partial sum such as a pseudo-header's.
 */
export function internetChecksum(bytes: Uint8Array, start: number, end: number, partialSum = 0): number {
  let sum = partialSum
  for (let at = start; at + 1 < end; at += 2) sum += u16(bytes, at)
  if ((end - start) % 2 === 1) sum += u8(bytes, end - 1) << 8
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  return ~sum & 0xffff
}
