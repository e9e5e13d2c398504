import type { ScreenChannel } from '../../../src/contract/connection.ts'
import { hextile } from './hextile.ts'

/** A picture an RFB server can show: it draws itself and says what changed. */
export interface Picture {
  readonly width: number
  readonly height: number
  /** The changed rectangles since the last call; the whole picture when `full`. */
  render(full: boolean): readonly { x: number; y: number; width: number; height: number; pixels: Uint8ClampedArray }[]
  key(keysym: number, down: boolean): void
  pointer(x: number, y: number, buttons: number): void
}

const sizes: Record<number, (bytes: Uint8Array) => number> = {
  0: () => 20,
  2: (bytes) => 4 + 4 * (((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)),
  3: () => 10,
  4: () => 8,
  5: () => 6,
}

/** The server's side of RFB 3.8 (RFC 6143) without security, as the channel a renderer gets for a screen. */
export class FakeScreenChannel implements ScreenChannel {
  binaryType = 'arraybuffer'
  readonly protocol = ''
  readyState = 0
  onopen: ((event: unknown) => void) | null = null
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null
  onclose: ((event: { code: number; reason: string }) => void) | null = null
  onerror: ((event: unknown) => void) | null = null
  /** Hears the encodings the client asks for, in its order. */
  onencodings: (encodings: readonly number[]) => void = () => undefined
  readonly #picture: Picture
  #buffer = new Uint8Array(0)
  #phase: 'version' | 'security' | 'init' | 'messages' = 'version'
  #asked: 'nothing' | 'full' | 'incremental' = 'nothing'
  #timer: ReturnType<typeof setInterval> | null = null

  constructor(picture: Picture) {
    this.#picture = picture
    setTimeout(() => {
      if (this.readyState !== 0) return
      this.readyState = 1
      this.onopen?.({})
      this.#emit(new TextEncoder().encode('RFB 003.008\n'))
    }, 20)
  }

  send(data: Uint8Array | ArrayBuffer): void {
    const bytes = data instanceof Uint8Array ? data : new Uint8Array(data)
    const joined = new Uint8Array(this.#buffer.length + bytes.length)
    joined.set(this.#buffer)
    joined.set(bytes, this.#buffer.length)
    this.#buffer = joined
    while (this.#step());
  }

  close(code = 1000, reason = ''): void {
    if (this.readyState === 3) return
    this.readyState = 3
    if (this.#timer !== null) clearInterval(this.#timer)
    // Later, as a WebSocket does: noVNC is still in the call that closes.
    queueMicrotask(() => this.onclose?.({ code, reason }))
  }

  #emit(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.readyState !== 1) return
    const copy = bytes.slice().buffer
    queueMicrotask(() => this.onmessage?.({ data: copy }))
  }

  #take(count: number): Uint8Array | null {
    if (this.#buffer.length < count) return null
    const taken = this.#buffer.slice(0, count)
    this.#buffer = this.#buffer.slice(count)
    return taken
  }

  /** Handles one message; false when more bytes are needed. */
  #step(): boolean {
    switch (this.#phase) {
      case 'version':
        if (this.#take(12) === null) return false
        this.#phase = 'security'
        this.#emit(Uint8Array.of(1, 1))
        return true
      case 'security':
        if (this.#take(1) === null) return false
        this.#phase = 'init'
        this.#emit(new Uint8Array(4))
        return true
      case 'init':
        if (this.#take(1) === null) return false
        this.#phase = 'messages'
        this.#emit(this.#serverInit())
        this.#timer = setInterval(() => this.#update(), 100)
        return true
      case 'messages':
        return this.#message()
    }
  }

  #message(): boolean {
    const type = this.#buffer[0]
    if (type === undefined || this.#buffer.length < 4) return false
    const size = sizes[type]?.(this.#buffer)
    if (size === undefined) throw new Error(`the fake RFB server got message ${type}, which it did not announce`)
    const message = this.#take(size)
    if (message === null) return false
    const view = new DataView(message.buffer, message.byteOffset)
    if (type === 2) this.onencodings(Array.from({ length: view.getUint16(2) }, (_, index) => view.getInt32(4 + index * 4)))
    if (type === 3) this.#asked = view.getUint8(1) === 0 || this.#asked === 'full' ? 'full' : 'incremental'
    if (type === 4) this.#picture.key(view.getUint32(4), view.getUint8(1) === 1)
    if (type === 5) this.#picture.pointer(view.getUint16(2), view.getUint16(4), view.getUint8(1))
    return true
  }

  #serverInit(): Uint8Array<ArrayBuffer> {
    const name = new TextEncoder().encode('fake')
    const view = new DataView(new ArrayBuffer(24 + name.length))
    view.setUint16(0, this.#picture.width)
    view.setUint16(2, this.#picture.height)
    for (const [index, byte] of [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16].entries()) view.setUint8(4 + index, byte)
    view.setUint32(20, name.length)
    new Uint8Array(view.buffer).set(name, 24)
    return new Uint8Array(view.buffer)
  }

  #update(): void {
    if (this.#asked === 'nothing') return
    const rectangles = this.#picture.render(this.#asked === 'full')
    if (rectangles.length === 0) return
    this.#asked = 'nothing'
    const header = new Uint8Array(4)
    new DataView(header.buffer).setUint16(2, rectangles.length)
    this.#emit(header)
    for (const { x, y, width, height, pixels } of rectangles) {
      const head = new DataView(new ArrayBuffer(12))
      for (const [index, value] of [x, y, width, height].entries()) head.setUint16(index * 2, value)
      head.setInt32(8, 5)
      this.#emit(new Uint8Array(head.buffer))
      this.#emit(hextile(pixels, width, height))
    }
  }
}
