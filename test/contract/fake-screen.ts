import { Duplex } from 'node:stream'

/**
 * A guest's screen as the host sees it: gives `bytes` bytes of a known pattern as fast as they are taken, and records
 * what is typed. `takeInput(false)` makes it stop reading, as a hung guest does.
 */
export class FakeScreen extends Duplex {
  readonly received: Buffer[] = []
  given = 0
  #left: number
  #blocked = false
  #resume: (() => void) | undefined

  constructor(bytes: number) {
    super({ allowHalfOpen: false })
    this.#left = bytes
  }

  takeInput(take: boolean): void {
    this.#blocked = !take
    if (take) this.#resume?.()
    this.#resume = undefined
  }

  override _read(size: number): void {
    if (this.#left === 0) return
    const length = Math.min(size, this.#left)
    this.#left -= length
    const chunk = pattern(this.given, length)
    this.given += length
    this.push(chunk)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.received.push(chunk)
    if (this.#blocked) this.#resume = callback
    else callback()
  }
}

/** Bytes that betray loss, repetition and reordering: a counter in little-endian words, from any offset. */
export function pattern(offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let index = 0; index < length; index++) {
    const at = offset + index
    bytes[index] = ((at >>> 2) >>> (8 * (at & 3))) & 0xff
  }
  return bytes
}
