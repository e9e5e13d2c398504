import { u8 } from './bytes.ts'
import { MAX_HEAD_CHARACTERS, parseRequestHead, parseResponseHead, type BodyLength } from './http-head.ts'

/** One exchange, complete or given up (`status` null: no answer was seen). */
export interface HttpExchange {
  readonly kind?: 'tls'
  readonly method: string
  readonly host: string | null
  readonly path: string
  readonly status: number | null
  readonly milliseconds: number | null
  readonly bytes: number | null
}

interface Pending {
  readonly method: string
  readonly host: string | null
  readonly path: string
  readonly atMs: number
}

/** Requests a client may have outstanding on one connection before the oldest is given up. */
const MAX_PENDING = 16

/** One direction of a TCP connection: where it is in the byte stream, by sequence number. */
interface Direction {
  next: number | null
  head: string
  headStart: number
  /** Sequence number at which the body ends; null while in a head, or while the end is not known. */
  bodyEnd: number | null
}

/**
 * Reads the HTTP/1.x exchanges of one TCP connection from its passing segments. Only heads are read; a body of
 * known length is skipped by sequence number, so a lost or repeated segment inside it does no harm. What cannot be
 * understood is passed over until the next segment that begins like a head.
 */
export class HttpFlow {
  readonly #client: Direction = { next: null, head: '', headStart: 0, bodyEnd: null }
  readonly #server: Direction = { next: null, head: '', headStart: 0, bodyEnd: null }
  readonly #pending: Pending[] = []
  readonly #emit: (exchange: HttpExchange) => void
  /** The response whose body is passing. */
  #response: { status: number; body: BodyLength; bodyStart: number } | null = null
  #serverAtMs = 0
  lastAtMs = 0
  /** The connection changed protocol (CONNECT, Upgrade): nothing more to read. */
  tunnel = false
  /** Closed for good: whoever remembers this flow looks it up anew. */
  ended = false
  /** Bytes of heads read so far: the work this connection has made. */
  headBytesRead = 0

  constructor(emit: (exchange: HttpExchange) => void) {
    this.#emit = emit
  }

  /** Client bytes: view[at, end) are there to read of `length` in the segment. */
  fromClient(sequence: number, view: Uint8Array, at: number, end: number, length: number, nowMs: number): void {
    this.lastAtMs = nowMs
    const skip = advance(this.#client, sequence, length)
    if (skip === null) return
    let offset = skip
    while (offset < length) {
      const body = skipBody(this.#client, sequence, offset, length)
      if (body === null) return
      offset = body
      if (offset >= length) return
      const head = this.#takeHead(this.#client, view, at + offset, end, (sequence + offset) | 0, isMethodStart)
      if (head === null) return
      const request = parseRequestHead(head.text)
      if (request === null) return
      if (this.#response !== null && typeof this.#response.body !== 'number') this.#complete(this.#serverAtMs)
      this.#pending.push({ method: request.method, host: request.host, path: request.target, atMs: nowMs })
      if (this.#pending.length > MAX_PENDING) this.#giveUp()
      const bodyStart = head.endSequence
      this.#client.bodyEnd = typeof request.body === 'number' && request.body > 0 ? (bodyStart + request.body) | 0 : null
      offset = (bodyStart - sequence) | 0
      if (typeof request.body !== 'number' || head.cut) return
    }
  }

  fromServer(sequence: number, view: Uint8Array, at: number, end: number, length: number, nowMs: number): void {
    this.lastAtMs = nowMs
    const skip = advance(this.#server, sequence, length)
    if (skip === null) return
    this.#serverAtMs = nowMs
    let offset = skip
    while (offset < length) {
      if (this.#response !== null) {
        if (this.#response.body === 'chunked' && endsLikeLastChunk(view, at, end, length)) this.#complete(nowMs)
        if (this.#server.bodyEnd === null) return
        const body = skipBody(this.#server, sequence, offset, length)
        if (body === null) return
        this.#complete(nowMs)
        offset = body
        continue
      }
      if (this.#pending.length === 0) return
      const head = this.#takeHead(this.#server, view, at + offset, end, (sequence + offset) | 0, isStatusStart)
      if (head === null) return
      const response = parseResponseHead(head.text)
      if (response === null) return
      offset = (head.endSequence - sequence) | 0
      const method = this.#pending[0]?.method
      if (response.status === 101 || (method === 'CONNECT' && response.status < 300)) this.tunnel = true
      if (response.status < 200 && !this.tunnel) continue
      const empty = this.tunnel || method === 'HEAD' || response.status === 204 || response.status === 304
      this.#response = { status: response.status, body: empty ? 0 : response.body, bodyStart: head.endSequence }
      if (this.#response.body === 0) this.#complete(nowMs)
      else if (typeof this.#response.body === 'number') this.#server.bodyEnd = (head.endSequence + this.#response.body) | 0
      else if (this.#response.body === 'chunked' && endsLikeLastChunk(view, at, end, length)) this.#complete(nowMs)
      if (head.cut) return
    }
  }

  /** The connection ended (FIN of the server, RST, or silence): what was under way is told as far as it came. */
  close(): void {
    this.ended = true
    if (this.#response !== null) this.#complete(this.#serverAtMs)
    while (this.#pending.length > 0) this.#giveUp()
  }

  /** Collects a head. Null while it is incomplete or when the bytes do not begin like one. `cut`: only its first line is known. */
  #takeHead(direction: Direction, view: Uint8Array, from: number, end: number, sequence: number, begins: (view: Uint8Array, at: number, end: number) => boolean) {
    if (direction.head === '') {
      if (from >= end || !begins(view, from, end)) return null
      direction.headStart = sequence
    }
    const before = direction.head.length
    const stopAt = Math.min(end, from + MAX_HEAD_CHARACTERS - before)
    this.headBytesRead += stopAt - from
    direction.head += oneByteText.decode(view.subarray(from, stopAt))
    const stop = direction.head.indexOf('\r\n\r\n', Math.max(0, before - 3))
    if (stop < 0 && direction.head.length < MAX_HEAD_CHARACTERS) return null
    const text = stop < 0 ? direction.head : direction.head.slice(0, stop + 4)
    direction.head = ''
    return { text, endSequence: (direction.headStart + text.length) | 0, cut: stop < 0 }
  }

  #complete(atMs: number): void {
    const response = this.#response
    this.#response = null
    this.#server.bodyEnd = null
    const request = this.#pending.shift()
    if (response === null || request === undefined) return
    const seen = this.#server.next === null ? 0 : Math.max(0, (this.#server.next - response.bodyStart) | 0)
    const bytes = typeof response.body === 'number' ? Math.min(response.body, seen) : seen
    this.#emit({ method: request.method, host: request.host, path: request.path, status: response.status, milliseconds: rounded(atMs - request.atMs), bytes })
  }

  #giveUp(): void {
    const request = this.#pending.shift()
    if (request !== undefined) this.#emit({ method: request.method, host: request.host, path: request.path, status: null, milliseconds: null, bytes: null })
  }
}

/** Moves a direction past a segment. Returns how many of its bytes were seen before, null when all were. */
function advance(direction: Direction, sequence: number, length: number): number | null {
  const end = (sequence + length) | 0
  const seen = direction.next === null ? 0 : (direction.next - sequence) | 0
  if (seen >= length) return null
  if (seen < 0) direction.head = ''
  direction.next = end
  return Math.max(0, seen)
}

/** The offset at which the body ends, null when it goes on past this segment. */
function skipBody(direction: Direction, sequence: number, offset: number, length: number): number | null {
  if (direction.bodyEnd === null) return offset
  const left = (direction.bodyEnd - ((sequence + offset) | 0)) | 0
  if (left > length - offset) return null
  direction.bodyEnd = null
  return offset + Math.max(0, left)
}

/** Windows-1252, as the Encoding Standard calls latin1: one character a byte, so lengths stay sequence numbers. */
const oneByteText = new TextDecoder('latin1')

const STATUS_START = [...'HTTP/1.'].map((character) => character.charCodeAt(0))
const LONGEST_METHOD = 16

/** Upper-case letters, then a space, as far as can be seen: enough to tell a request from most other streams. */
export function isMethodStart(view: Uint8Array, at: number, end: number): boolean {
  for (let index = 0; index <= LONGEST_METHOD && at + index < end; index++) {
    const byte = u8(view, at + index)
    if (byte === 32) return index >= 3
    if ((byte < 65 || byte > 90) && byte !== 45) return false
  }
  return end > at && end - at <= LONGEST_METHOD
}

function isStatusStart(view: Uint8Array, at: number, end: number): boolean {
  return STATUS_START.every((byte, index) => at + index >= end || u8(view, at + index) === byte)
}

const LAST_CHUNK = [48, 13, 10, 13, 10]

/** A chunked body's last bytes: a chunk of size 0 and no trailer (RFC 9112 §7.1). */
function endsLikeLastChunk(view: Uint8Array, at: number, end: number, length: number): boolean {
  return end - at === length && length >= 5 && LAST_CHUNK.every((byte, index) => u8(view, end - 5 + index) === byte)
}

function rounded(milliseconds: number): number {
  return Math.max(0, Math.round(milliseconds * 10) / 10)
}
