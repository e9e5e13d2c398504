import type { Socket } from 'node:net'
import type { Wire } from '../../network/wire.ts'
import type { ReadBuffers } from '../../network/read-buffers.ts'

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

  send(frames: Uint8Array): void {
    const socket = this.#socket
    if (socket.destroyed) return
    const waits = socket.writableLength > 0
    if (waits && frames.byteLength * 8 < frames.buffer.byteLength) {
      socket.write(new Uint8Array(frames))
    } else if (waits && this.#buffers.hold(frames)) {
      socket.write(frames, () => this.#buffers.release(frames))
    } else {
      socket.write(frames)
      // The kernel took only a part: what follows it out says when the rest is gone.
      if (socket.writableLength > 0 && this.#buffers.hold(frames)) socket.write(NOTHING, () => this.#buffers.release(frames))
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
}

const NOTHING = new Uint8Array()
