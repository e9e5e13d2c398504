import { u16, u8 } from './bytes.ts'
import type { HttpExchange } from './http-flow.ts'

/** As much of a ClientHello as is kept while it comes in; one with post-quantum keys takes about 1,800 bytes. */
const MAX_HELLO_BYTES = 4_096
const HANDSHAKE_RECORD = 22
const CLIENT_HELLO = 1
const SERVER_NAME = 0

/** A TLS record that holds the beginning of a ClientHello (RFC 8446 §5.1, §4). */
export function isTlsStart(view: Uint8Array, at: number, end: number): boolean {
  return end - at >= 6 && u8(view, at) === HANDSHAKE_RECORD && u8(view, at + 1) === 3 && u8(view, at + 2) <= 4 && u8(view, at + 5) === CLIENT_HELLO
}

/**
 * One TLS connection in the log: the server name its client asked for, the bytes the server sent, how long it lasted.
 * Told once, when it ends. Nothing else of it can be read, or is kept.
 */
export class TlsFlow {
  readonly tunnel = false
  ended = false
  lastAtMs: number
  headBytesRead = 0
  readonly #emit: (exchange: HttpExchange) => void
  readonly #startedAtMs: number
  #hello: Uint8Array | null = new Uint8Array()
  #helloNext: number | null = null
  #serverName: string | null = null
  #serverFirst: number | null = null
  #serverNext = 0
  #bytes = 0

  constructor(emit: (exchange: HttpExchange) => void, nowMs: number) {
    this.#emit = emit
    this.#startedAtMs = nowMs
    this.lastAtMs = nowMs
  }

  fromClient(sequence: number, view: Uint8Array, at: number, end: number, length: number, nowMs: number): void {
    this.lastAtMs = nowMs
    const before = this.#hello
    if (before === null || (this.#helloNext !== null && this.#helloNext !== sequence)) return
    this.#helloNext = (sequence + length) | 0
    const more = view.subarray(at, Math.min(end, at + MAX_HELLO_BYTES - before.length))
    this.headBytesRead += more.length
    const hello = new Uint8Array(before.length + more.length)
    hello.set(before)
    hello.set(more, before.length)
    const whole = hello.length >= 5 ? 5 + u16(hello, 3) : Number.POSITIVE_INFINITY
    const complete = hello.length >= whole || hello.length >= MAX_HELLO_BYTES || end - at < length
    if (complete) this.#serverName = serverNameOf(hello)
    this.#hello = complete ? null : hello
  }

  fromServer(sequence: number, _view: Uint8Array, _at: number, _end: number, length: number, nowMs: number): void {
    this.lastAtMs = nowMs
    const end = (sequence + length) | 0
    if (this.#serverFirst === null) {
      this.#serverFirst = sequence
      this.#serverNext = sequence
    }
    const step = (end - this.#serverNext) | 0
    if (step <= 0) return
    this.#serverNext = end
    this.#bytes += step
  }

  close(): void {
    if (this.ended) return
    this.ended = true
    this.#hello = null
    const milliseconds = Math.max(0, Math.round((this.lastAtMs - this.#startedAtMs) * 10) / 10)
    this.#emit({ kind: 'tls', method: 'TLS', host: this.#serverName, path: '', status: null, milliseconds, bytes: this.#bytes })
  }
}

/** The name in a ClientHello's server_name extension (RFC 6066 §3); null when there is none to be read. */
export function serverNameOf(hello: Uint8Array): string | null {
  // Record header 5, handshake header 4, version 2, random 32; then three lists with their lengths.
  let at = 43
  if (at >= hello.length) return null
  at += 1 + u8(hello, at)
  if (at + 2 > hello.length) return null
  at += 2 + u16(hello, at)
  if (at + 1 > hello.length) return null
  at += 1 + u8(hello, at)
  if (at + 2 > hello.length) return null
  const end = Math.min(hello.length, at + 2 + u16(hello, at))
  at += 2
  while (at + 4 <= end) {
    const length = u16(hello, at + 2)
    if (u16(hello, at) === SERVER_NAME) return nameIn(hello, at + 4, Math.min(end, at + 4 + length))
    at += 4 + length
  }
  return null
}

function nameIn(hello: Uint8Array, at: number, end: number): string | null {
  if (at + 5 > end || u8(hello, at + 2) !== 0) return null
  const length = u16(hello, at + 3)
  if (length === 0 || length > 255 || at + 5 + length > end) return null
  const text = String.fromCharCode(...hello.subarray(at + 5, at + 5 + length))
  return /^[A-Za-z0-9._-]+$/.test(text) ? text : null
}
