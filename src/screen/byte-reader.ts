/** Turns chunks of any size into reads of exact size. One reader at a time. */
export class ByteReader {
  readonly #chunks: Uint8Array[] = []
  #length = 0
  #wanted = 0
  #wake: (() => void) | null = null
  #ended: Error | null = null

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#length += chunk.byteLength
    if (this.#length >= this.#wanted) this.#wake?.()
  }

  /** No more will come: a read that cannot be satisfied rejects with this. */
  end(error: Error): void {
    this.#ended ??= error
    this.#wake?.()
  }

  /** Exactly `length` bytes, in a buffer of their own. */
  async read(length: number): Promise<Uint8Array> {
    while (this.#length < length) {
      if (this.#ended !== null) throw this.#ended
      this.#wanted = length
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = null
      this.#wanted = 0
    }
    const bytes = new Uint8Array(length)
    let filled = 0
    while (filled < length) {
      const chunk = this.#chunks[0]
      if (chunk === undefined) throw new Error('the byte count and the chunks disagree')
      const take = Math.min(chunk.byteLength, length - filled)
      bytes.set(chunk.subarray(0, take), filled)
      filled += take
      if (take === chunk.byteLength) this.#chunks.shift()
      else this.#chunks[0] = chunk.subarray(take)
    }
    this.#length -= length
    return bytes
  }

  async readUint8(): Promise<number> {
    return view(await this.read(1)).getUint8(0)
  }

  async readUint16(): Promise<number> {
    return view(await this.read(2)).getUint16(0)
  }

  async readUint32(): Promise<number> {
    return view(await this.read(4)).getUint32(0)
  }
}

export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
