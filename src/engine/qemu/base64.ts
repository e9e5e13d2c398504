const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const letters = new TextEncoder().encode(alphabet)
const padding = 61
const none = 255
/** The value of each ASCII letter; `none` for characters outside the alphabet. */
const values = new Uint8Array(128).fill(none)
for (const [value, letter] of letters.entries()) values[letter] = value

/** Decodes RFC 4648 base64 (section 4), at most `maximumBytes` of it; characters outside the alphabet are skipped. */
export function decodeBase64(text: string, maximumBytes: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(maximumBytes, Math.ceil((text.length * 3) / 4)))
  let length = 0
  let bits = 0
  let held = 0
  for (let at = 0; at < text.length && length < bytes.length; at += 1) {
    const value = values[text.charCodeAt(at)] ?? none
    if (value === none) continue
    held = ((held << 6) | value) & 0xffffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[length++] = (held >> bits) & 0xff
  }
  return bytes.subarray(0, length)
}

/** Encodes as RFC 4648 base64 (section 4), with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(padding)
  let to = 0
  for (let at = 0; at < bytes.length; at += 3) {
    const [first = 0, second = 0, third = 0] = [bytes[at], bytes[at + 1], bytes[at + 2]]
    const group = (first << 16) | (second << 8) | third
    const used = Math.min(3, bytes.length - at) + 1
    for (let digit = 0; digit < used; digit += 1) text[to + digit] = letters[(group >> (18 - 6 * digit)) & 63] ?? padding
    to += 4
  }
  return new TextDecoder().decode(text)
}
