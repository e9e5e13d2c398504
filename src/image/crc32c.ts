/** CRC-32C (Castagnoli), as VHDX uses it: reflected polynomial 0x82f63b78. `skip` names four bytes that count as zero. */
export function crc32c(bytes: Uint8Array, skip: number): number {
  let crc = 0xffffffff
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = index >= skip && index < skip + 4 ? 0 : (bytes[index] ?? 0)
    crc = (table[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8)
  }
  return ~crc >>> 0
}

const table = Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit += 1) value = (value & 1) === 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value >>> 0
})
