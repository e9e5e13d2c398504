const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const values = new Map([...alphabet].map((letter, value) => [letter, value]))

/** Decodes RFC 4648 base64 (section 4), at most `maximumBytes` of it; characters outside the alphabet are skipped. */
export function decodeBase64(text: string, maximumBytes: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(maximumBytes, Math.ceil((text.length * 3) / 4)))
  let length = 0
  let bits = 0
  let held = 0
  for (const letter of text) {
    const value = values.get(letter)
    if (value === undefined) continue
    held = ((held << 6) | value) & 0xffffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    if (length === bytes.length) break
    bytes[length++] = (held >> bits) & 0xff
  }
  return bytes.subarray(0, length)
}
