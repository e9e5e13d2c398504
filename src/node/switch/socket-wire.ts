import type { Socket } from 'node:net'
import type { Wire } from '../../network/wire.ts'
import type { ReadBuffers } from './read-buffers.ts'

/**
 * A guest's connection as the fabric's Wire. Node writes what the kernel takes at once and keeps the rest by reference:
 * then the read buffer it lies in is held until it is out. A small slice of a large buffer is copied instead, or a slow
 * reader would keep many large buffers for few bytes.
 */
export class SocketWire implements Wire {
  readonly #socket: Socket
  readonly #buffers: ReadBuffers
  #pauses = 0

  constructor(socket: Socket, buffers: ReadBuffers) {
    this.#socket = socket
    this.#buffers = buffers
  }

  get backlogBytes(): number {
    return this.#socket.writableLength
  }

  send(prefix: readonly Uint8Array[] | null, slice: Uint8Array): void {
    const socket = this.#socket
    if (socket.destroyed) return
    if (prefix !== null) {
      // The pieces are the frame reader's own copies: nobody writes into them again.
      socket.cork()
      for (const piece of prefix) socket.write(piece)
      this.#write(slice)
      socket.uncork()
    } else {
      this.#write(slice)
    }
  }

  pause(): void {
    if (this.#pauses++ === 0) this.#socket.pause()
  }

  resume(): void {
    if (--this.#pauses === 0 && !this.#socket.destroyed) this.#socket.resume()
  }

  close(): void {
    this.#socket.destroy()
  }

  #write(slice: Uint8Array): void {
    const socket = this.#socket
    const waits = socket.writableLength > 0
    if (waits && slice.byteLength * 4 < slice.buffer.byteLength) {
      socket.write(new Uint8Array(slice))
    } else if (waits && this.#buffers.hold(slice)) {
      socket.write(slice, () => this.#buffers.release(slice))
    } else {
      socket.write(slice)
      // The kernel took only a part: what follows it out says when the rest is gone.
      if (socket.writableLength > 0 && this.#buffers.hold(slice)) socket.write(NOTHING, () => this.#buffers.release(slice))
    }
  }
}

const NOTHING = new Uint8Array()
