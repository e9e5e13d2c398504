import type { Server, Socket } from 'node:net'
import type { Fabric } from '../../network/fabric.ts'
import { Ingress } from '../../network/ingress.ts'
import { readPooled } from './pooled-socket.ts'
import { ReadBuffers } from './read-buffers.ts'
import { SocketWire } from './socket-wire.ts'
import { listenUnix } from './unix-server.ts'

/** Connections at once; guests beyond are turned away rather than memory filled. */
const MAX_CONNECTIONS = 1_024

/** The socket QEMU connects to (`-netdev stream,addr.type=unix`). Owns the connections. */
export class DataServer {
  readonly #sockets = new Set<Socket>()
  readonly #buffers = new ReadBuffers()
  #server: Server | null = null

  get connections(): number {
    return this.#sockets.size
  }

  async listen(path: string, fabric: Fabric, log: (text: string) => void): Promise<void> {
    this.#server = await listenUnix(path, (socket) => this.#accept(socket, fabric, log), { pauseOnConnect: true })
  }

  close(): void {
    this.#server?.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #accept(accepted: Socket, fabric: Fabric, log: (text: string) => void): void {
    if (this.#sockets.size >= MAX_CONNECTIONS) {
      log(`more than ${MAX_CONNECTIONS} connections: one was turned away`)
      accepted.destroy()
      return
    }
    const socket = readPooled(accepted, this.#buffers, (chunk) => {
      if (socket.destroyed || ingress.push(chunk)) return
      log(`a connection${ingress.port === null ? '' : ` of ${ingress.port.settings.guest}`} sent a frame length that cannot be right; it was closed`)
      socket.destroy()
    })
    this.#sockets.add(socket)
    const ingress = new Ingress(fabric, new SocketWire(socket, this.#buffers))
    // An error is always followed by `close`; a guest that vanishes is no fault of the switch.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      ingress.close()
    })
  }
}
