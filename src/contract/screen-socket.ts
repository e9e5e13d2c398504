import type { ScreenChannel } from './connection.ts'

/** The part of a WebSocket used here; the browser's and the `ws` package's both have it. */
export interface WebSocketLike {
  binaryType: string
  readonly readyState: number
  readonly bufferedAmount: number
  readonly protocol: string
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(data: string | Uint8Array | ArrayBuffer): void
  close(code?: number, reason?: string): void
}

/** What a screen may hold back of a person's input before it is given up: far more than keys and clipboard need. */
export const screenInputLimitBytes = 16 * 1024 * 1024

/** A fresh copy: noVNC reuses its send buffer as soon as `send` returns. */
export function copyOf(data: Uint8Array | ArrayBuffer): Uint8Array<ArrayBuffer> {
  return data instanceof ArrayBuffer ? new Uint8Array(data.slice(0)) : new Uint8Array(data)
}

/** A screen over its own WebSocket. Closes with 1013 when the guest stops taking input. */
export class SocketScreen implements ScreenChannel {
  onopen: ScreenChannel['onopen'] = null
  onmessage: ScreenChannel['onmessage'] = null
  onclose: ScreenChannel['onclose'] = null
  onerror: ScreenChannel['onerror'] = null
  readonly #socket: WebSocketLike
  readonly #onEnd: (screen: SocketScreen) => void
  #over = false

  constructor(socket: WebSocketLike, onEnd: (screen: SocketScreen) => void) {
    this.#socket = socket
    this.#onEnd = onEnd
    socket.binaryType = 'arraybuffer'
    socket.onopen = (event: unknown) => this.onopen?.(event)
    socket.onmessage = (event: { data: unknown }) => {
      if (event.data instanceof ArrayBuffer && !this.#over) this.onmessage?.({ data: event.data })
    }
    socket.onerror = (event: unknown) => {
      if (!this.#over) this.onerror?.(event)
    }
    socket.onclose = (event: { code: number; reason: string }) => this.#finish(event.code, event.reason)
  }

  get binaryType(): string {
    return 'arraybuffer'
  }
  set binaryType(value: string) {
    if (value !== 'arraybuffer') throw new TypeError('a screen channel carries array buffers only')
  }
  get protocol(): string {
    return this.#socket.protocol
  }
  get readyState(): number {
    return this.#over ? 3 : this.#socket.readyState
  }

  send(data: Uint8Array | ArrayBuffer): void {
    if (this.readyState !== 1) return
    if (this.#socket.bufferedAmount > screenInputLimitBytes) {
      this.#socket.close()
      this.#finish(1013, 'the guest stopped taking input')
      return
    }
    this.#socket.send(copyOf(data))
  }

  close(code = 1000, reason = ''): void {
    this.#socket.close(code, reason)
  }

  #finish(code: number, reason: string): void {
    if (this.#over) return
    this.#over = true
    this.#onEnd(this)
    this.onclose?.({ code, reason })
  }
}
