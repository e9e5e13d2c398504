import type { GuestFile } from '../agent.ts'
import { EngineFault } from '../engine.ts'
import type { AgentCall } from './agent-call.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { asNumber, asObject, asString } from './json.ts'

/** A slow disk in the guest may take its time for one block. */
const blockTimeoutMs = 30_000
/** Answers of 0 bytes that are not the end: an agent that goes on so makes no progress and never will. */
const mostEmptyReads = 16

/** Opens a file in the guest (guest-file-open; its modes are fopen(3)'s). */
export async function openGuestFile(call: AgentCall, path: string, mode: 'read' | 'write'): Promise<GuestFile> {
  const handle = asNumber(await call('guest-file-open', { path, mode: mode === 'read' ? 'rb' : 'wb' }))
  if (handle === null) throw new EngineFault('agent', `The guest agent did not open ${path}`)
  return new OpenGuestFile(call, handle, path)
}

class OpenGuestFile implements GuestFile {
  readonly #call: AgentCall
  readonly #handle: number
  readonly #path: string
  #atEnd = false

  constructor(call: AgentCall, handle: number, path: string) {
    this.#call = call
    this.#handle = handle
    this.#path = path
  }

  async size(): Promise<number> {
    const position = await this.#seek('end')
    await this.#seek('set')
    return position
  }

  async read(maximumBytes: number): Promise<Uint8Array> {
    for (let empty = 0; !this.#atEnd; empty += 1) {
      if (empty === mostEmptyReads) throw this.#fault('answers without data and without an end')
      const answer = asObject(await this.#call('guest-file-read', { handle: this.#handle, count: maximumBytes }, blockTimeoutMs))
      this.#atEnd = answer['eof'] === true
      const bytes = decodeBase64(asString(answer['buf-b64']) ?? '', maximumBytes)
      if (bytes.length > 0) return bytes
    }
    return new Uint8Array()
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let from = 0, empty = 0; from < bytes.length; ) {
      const rest = bytes.subarray(from)
      const answer = asObject(await this.#call('guest-file-write', { handle: this.#handle, 'buf-b64': encodeBase64(rest) }, blockTimeoutMs))
      const count = asNumber(answer['count']) ?? 0
      if (!Number.isInteger(count) || count < 0 || count > rest.length || (count === 0 && ++empty === mostEmptyReads)) throw this.#fault(`says that it wrote ${count} of ${rest.length} bytes`)
      from += count
    }
  }

  async close(): Promise<void> {
    await this.#call('guest-file-close', { handle: this.#handle }, blockTimeoutMs)
  }

  async #seek(whence: 'set' | 'end'): Promise<number> {
    const position = asNumber(asObject(await this.#call('guest-file-seek', { handle: this.#handle, offset: 0, whence }))['position'])
    if (position === null || position < 0 || !Number.isSafeInteger(position)) throw this.#fault('does not say how large the file is')
    this.#atEnd = false
    return position
  }

  #fault(what: string): EngineFault {
    return new EngineFault('agent', `The guest agent ${what}, for ${this.#path}`)
  }
}
