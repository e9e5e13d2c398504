/**
 * Splits a byte stream into lines (LF, optional CR before it), whatever the chunking. Resumable, and bounded: a line
 * longer than `maximumBytes` is not kept; it is skipped up to its LF and reported once through `tooLong`.
 */
export class LineDecoder {
  #parts: Uint8Array[] = []
  #held = 0
  #skipping = false
  readonly #maximumBytes: number
  readonly #line: (line: Uint8Array) => void
  readonly #tooLong: () => void

  constructor(options: { maximumBytes: number; line: (line: Uint8Array) => void; tooLong: () => void }) {
    this.#maximumBytes = options.maximumBytes
    this.#line = options.line
    this.#tooLong = options.tooLong
  }

  push(chunk: Uint8Array): void {
    let from = 0
    for (;;) {
      const end = chunk.indexOf(10, from)
      this.#hold(chunk.subarray(from, end === -1 ? chunk.length : end))
      if (end === -1) return
      this.#release()
      from = end + 1
    }
  }

  /** Forgets what is held of an unfinished line. */
  reset(): void {
    this.#parts = []
    this.#held = 0
    this.#skipping = false
  }

  #hold(part: Uint8Array): void {
    if (this.#skipping || part.length === 0) return
    this.#held += part.length
    if (this.#held > this.#maximumBytes) {
      this.#parts = []
      this.#held = 0
      this.#skipping = true
      this.#tooLong()
      return
    }
    // A copy: the chunk belongs to its giver, who may reuse it.
    this.#parts.push(part.slice())
  }

  #release(): void {
    const { skipped, line } = { skipped: this.#skipping, line: joined(this.#parts, this.#held) }
    this.reset()
    if (!skipped) this.#line(line.at(-1) === 13 ? line.subarray(0, -1) : line)
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return only
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
