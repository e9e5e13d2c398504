const block = 512
/** The largest size that eleven octal digits hold. */
const largestOctal = 8 * 2 ** 30 - 1

/**
 * The header of a plain file in a ustar archive (POSIX.1-1988). Sizes of 8 GiB and more are written in base 256, which GNU
 * tar, libarchive, Python and VirtualBox read. Throws RangeError for a name of more than 100 bytes.
 */
export function tarHeader(name: string, size: number, modifiedSeconds: number): Uint8Array {
  const header = new Uint8Array(block)
  const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at)
  if (new TextEncoder().encode(name).length > 100) throw new RangeError(`the member name "${name}" is longer than 100 bytes`)
  put(0, name)
  put(100, '0000644\0')
  put(108, '0000000\0')
  put(116, '0000000\0')
  if (size <= largestOctal) put(124, `${octal(size, 11)}\0`)
  else header.set(base256(size), 124)
  put(136, `${octal(modifiedSeconds, 11)}\0`)
  put(148, '        ')
  put(156, '0')
  put(257, 'ustar\x0000')
  const sum = header.reduce((total, byte) => total + byte, 0)
  put(148, `${octal(sum, 6)}\0 `)
  return header
}

/** What fills a member up to whole blocks. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((block - (size % block)) % block)
}

/** Two blocks of zeros, and more up to the record size of 10 KiB that tar programs write. */
export function tarEnd(written: number): Uint8Array {
  const record = 20 * block
  const least = written + 2 * block
  return new Uint8Array(Math.ceil(least / record) * record - written)
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}

function base256(value: number): Uint8Array {
  const field = new Uint8Array(12)
  let rest = BigInt(value)
  for (let at = 11; at > 0; at -= 1) {
    field[at] = Number(rest & 0xffn)
    rest >>= 8n
  }
  field[0] = 0x80
  return field
}
