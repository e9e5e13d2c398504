import type { Socket } from 'node:net'
import type { GuestName } from '../../contract/names.ts'
import type { Port } from '../../network/port.ts'
import type { TcpConnection, TcpSink } from '../../network/tcp-connection.ts'
import type { TcpDialer } from '../../network/tcp-dialer.ts'
import type { ControlOutcome } from './control-server.ts'

/**
 * One connection from the host into the network, in the switch process: between a control connection that has become
 * a byte channel and a TCP connection to a guest. What the guest says before the channel is attached is kept for it.
 */
export class Tunnel implements TcpSink {
  readonly outcome: Promise<ControlOutcome>
  #decide: (outcome: ControlOutcome) => void = () => {}
  #early: Buffer[] = []
  #socket: Socket | null = null
  #theyEnded = false
  #isOver = false
  readonly #connection: TcpConnection | null
  readonly #where: string

  constructor(dialer: TcpDialer, port: Port, guest: GuestName, tcpPort: number) {
    this.#where = `port ${tcpPort} of ${guest}`
    this.outcome = new Promise((resolve) => {
      this.#decide = resolve
    })
    this.#connection = dialer.dial(port, tcpPort, () => this)
    if (this.#connection === null) this.#decide({ error: { code: 'exhausted', message: `too many connections from the host are open: ${dialer.connections}` } })
  }

  get backlogBytes(): number {
    return (this.#socket?.writableLength ?? 0) + this.#early.reduce((sum, bytes) => sum + bytes.length, 0)
  }

  /** From here on the socket carries the connection's bytes alone. */
  attach(socket: Socket): void {
    const connection = this.#connection
    if (connection === null) return
    if (socket.destroyed) {
      connection.abort()
      return
    }
    this.#socket = socket
    socket.allowHalfOpen = true
    socket.removeAllListeners('data')
    socket.on('data', (bytes: Buffer) => {
      if (!connection.write(bytes)) socket.pause()
    })
    socket.on('end', () => connection.end())
    socket.on('drain', () => connection.windowOpened())
    socket.on('close', () => connection.abort())
    for (const bytes of this.#early.splice(0)) socket.write(bytes)
    if (this.#theyEnded) socket.end()
    if (this.#isOver) socket.destroy()
    else socket.resume()
  }

  opened(): void {
    this.#decide({ result: null, carry: (socket) => this.attach(socket) })
  }

  data(bytes: Uint8Array): void {
    const copy = Buffer.from(bytes) // what waits must not keep the chunk it came in alive
    if (this.#socket === null) this.#early.push(copy)
    else this.#socket.write(copy)
  }

  ended(): void {
    this.#theyEnded = true
    this.#socket?.end()
  }

  closed(fault: string | null): void {
    this.#decide({ error: { code: 'unreachable', message: `${this.#where} cannot be reached: ${fault ?? 'it closed the connection'}` } })
    this.#isOver = fault !== null
    if (fault !== null) this.#socket?.destroy()
  }

  drained(): void {
    this.#socket?.resume()
  }
}
