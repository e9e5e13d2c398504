import type { Socket } from 'node:net'
import type { Wire } from '../../network/port.ts'

/**
 * A guest's connection as the fabric's Wire. Node writes what the kernel takes at once and keeps the rest by
 * reference; a small slice of a large chunk is copied before it has to wait, or it would keep the chunk alive.
 */
export class SocketWire implements Wire {
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
  }

  get backlogBytes(): number {
    return this.#socket.writableLength
  }

  send(prefix: readonly Uint8Array[] | null, slice: Uint8Array): void {
    const socket = this.#socket
    if (socket.destroyed) return
    if (prefix === null) {
      socket.write(this.#settled(slice))
      return
    }
    socket.cork()
    for (const piece of prefix) socket.write(this.#settled(piece))
    socket.write(this.#settled(slice))
    socket.uncork()
  }

  close(): void {
    this.#socket.destroy()
  }

  #settled(slice: Uint8Array): Uint8Array {
    const waits = this.#socket.writableLength > 0
    return waits && slice.byteLength * 4 < slice.buffer.byteLength ? slice.slice() : slice
  }
}
