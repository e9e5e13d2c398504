import { StringDecoder } from 'node:string_decoder'

/** Cuts a byte stream into lines. `push` returns the complete ones, or null when a line grows past the limit. */
export class LineReader {
  readonly #decoder = new StringDecoder('utf8')
  readonly #maxCharacters: number
  #rest = ''

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters
  }

  push(chunk: Buffer): string[] | null {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n')
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length > this.#maxCharacters) return null
    return lines.filter((line) => line.trim() !== '')
  }
}

/** Parses JSON; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the caller's schema refuses it, with the request's name
  }
}
