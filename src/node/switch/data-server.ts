import type { Server, Socket } from 'node:net'
import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { GuestName } from '../../contract/names.ts'
import type { Fabric } from '../../network/fabric.ts'
import { CORRUPT } from '../../network/frame-reader.ts'
import { Ingress } from '../../network/ingress.ts'
import { ensurePrivateDirectory } from '../paths.ts'
import { Moderation } from './moderation.ts'
import { readInto } from './pooled-socket.ts'
import type { ReadBuffers } from '../../network/read-buffers.ts'
import { ReadWindow } from './read-window.ts'
import { SocketWire } from './socket-wire.ts'
import { listenUnix } from './unix-server.ts'

/** Connections at once; guests beyond are turned away rather than memory filled. */
const MAX_CONNECTIONS = 1_024

interface Listening {
  readonly server: Server
  readonly sockets: Set<Socket>
}

/**
 * The sockets QEMU connects to (`-netdev stream,addr.type=unix`), one a port: who comes in at a guest's socket is that
 * guest. Owns the listeners and their connections.
 */
export class DataServer {
  readonly #listening = new Map<string, Listening>()
  readonly #buffers: ReadBuffers
  readonly #moderation = new Moderation()
  readonly #log: (text: string) => void

  constructor(buffers: ReadBuffers, log: (text: string) => void) {
    this.#buffers = buffers
    this.#log = log
  }

  get connections(): number {
    let sum = 0
    for (const { sockets } of this.#listening.values()) sum += sockets.size
    return sum
  }

  /** Takes connections for the port of `guest` at `path`; nothing when it does already. Throws RangeError for a path too long. */
  async open(path: string, fabric: Fabric, guest: GuestName): Promise<void> {
    if (this.#listening.has(path)) return
    ensurePrivateDirectory(dirname(path))
    const sockets = new Set<Socket>()
    const server = await listenUnix(path, (socket) => this.#accept(socket, sockets, fabric, guest), { pauseOnConnect: true })
    this.#listening.set(path, { server, sockets })
  }

  /** Ends a port's connections; its path is gone. */
  shut(path: string): void {
    const listening = this.#listening.get(path)
    if (listening === undefined) return
    this.#listening.delete(path)
    listening.server.close()
    for (const socket of listening.sockets) socket.destroy()
    rmSync(path, { force: true })
  }

  close(): void {
    for (const path of this.#listening.keys()) this.shut(path)
  }

  #accept(accepted: Socket, sockets: Set<Socket>, fabric: Fabric, guest: GuestName): void {
    if (this.connections >= MAX_CONNECTIONS) {
      this.#log(`more than ${MAX_CONNECTIONS} connections: one was turned away`)
      accepted.destroy()
      return
    }
    const window = new ReadWindow(this.#buffers, (chunk) => {
      if (socket.destroyed) return 0
      const cut = ingress.push(chunk)
      if (cut !== CORRUPT) {
        this.#moderation.passedOn(ingress.framesOfChunk, chunk.length)
        return cut
      }
      this.#log(`a connection of ${guest} sent a frame length that cannot be right; it was closed`)
      socket.destroy()
      return 0
    })
    const socket = readInto(window, accepted)
    sockets.add(socket)
    const ingress = new Ingress(fabric, guest, new SocketWire(socket, this.#buffers))
    // An error is always followed by `close`; a guest that vanishes is no fault of the switch.
    socket.on('error', () => {})
    socket.on('drain', () => ingress.drained())
    socket.on('close', () => {
      sockets.delete(socket)
      ingress.close()
    })
  }
}
