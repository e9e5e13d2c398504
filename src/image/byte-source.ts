import { damaged } from './image-problem.ts'

/** A file, or a part of one, to be read at any place. `read` answers fewer bytes only at the end. */
export interface ByteSource {
  readonly size: number
  read(offset: number, length: number): Promise<Uint8Array>
}

/** Numbers and text out of a header. Throws ImageProblem (damaged) for a number no file can mean. */
export class Bytes {
  readonly raw: Uint8Array
  readonly #view: DataView
  readonly #little: boolean

  constructor(raw: Uint8Array, order: 'little' | 'big') {
    this.raw = raw
    this.#view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
    this.#little = order === 'little'
  }

  u8(at: number): number {
    return this.#view.getUint8(at)
  }

  u16(at: number): number {
    return this.#view.getUint16(at, this.#little)
  }

  u32(at: number): number {
    return this.#view.getUint32(at, this.#little)
  }

  big(at: number): bigint {
    return this.#view.getBigUint64(at, this.#little)
  }

  /** A 64-bit length or place, exact. */
  u64(at: number, what: string): number {
    const value = this.big(at)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(`its ${what} is absurd (${value})`)
    return Number(value)
  }

  /** Latin-1 text up to a NUL. */
  text(at: number, length: number): string {
    const end = this.raw.subarray(at, at + length).indexOf(0)
    return latin1(this.raw.subarray(at, at + (end < 0 ? length : end)))
  }

  isZero(at: number, length: number): boolean {
    return this.raw.subarray(at, at + length).every((byte) => byte === 0)
  }
}

export function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

/** Exactly `length` bytes at `offset`; throws ImageProblem (damaged) naming the structure that is cut short. */
export async function readExactly(source: ByteSource, offset: number, length: number, what: string): Promise<Uint8Array> {
  if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > source.size) throw damaged(`its ${what} lies beyond its end: it is cut short, or its header is wrong`)
  const bytes = await source.read(offset, length)
  if (bytes.length !== length) throw damaged(`it ends within its ${what}`)
  return bytes
}

/** As much as there is, at most `length`. */
export async function readUpTo(source: ByteSource, offset: number, length: number): Promise<Uint8Array> {
  return offset >= source.size ? new Uint8Array(0) : source.read(offset, Math.min(length, source.size - offset))
}

/** `length` bytes of `source` from `offset` on, as a source of its own. */
export function part(source: ByteSource, offset: number, length: number): ByteSource {
  return { size: length, read: (at, count) => (at >= length ? Promise.resolve(new Uint8Array(0)) : source.read(offset + at, Math.min(count, length - at))) }
}

/** Calls `look` with every 32-bit entry of a table, read in pieces; for tables that may be megabytes long. */
export async function eachEntry(source: ByteSource, table: { offset: number; count: number; order: 'little' | 'big'; what: string }, look: (entry: number, index: number) => void): Promise<void> {
  const most = 65_536
  for (let first = 0; first < table.count; first += most) {
    const count = Math.min(most, table.count - first)
    const bytes = new Bytes(await readExactly(source, table.offset + first * 4, count * 4, table.what), table.order)
    for (let index = 0; index < count; index += 1) look(bytes.u32(index * 4), first + index)
  }
}
