import type { Port } from './port.ts'
import { TcpConnection, type TcpSink } from './tcp-connection.ts'
import { encodeTcp, type TcpSegment } from './tcp-segment.ts'

const FIRST_PORT = 32_768
const PORTS = 28_232
const MAX_CONNECTIONS = 256
/** Of a guest with a large MTU too: longer segments only make losses dearer. */
const LARGEST_SEGMENT = 8_960
const HEADERS_BYTES = 40

interface Dialled {
  readonly connection: TcpConnection
  readonly port: Port
  readonly tcpPort: number
}

/**
 * The host's way into the network: TCP connections from the gateway's address to a guest's port, for publishing and
 * probing. Owned by the switch; segments leave through `send`, as any frame of the gateway, shaped like any other.
 */
export class TcpDialer {
  readonly #dialled = new Map<number, Dialled>()
  readonly #options: { readonly address: number; now(): number; random(): number; send(port: Port, segment: Uint8Array): void }
  #next = 0

  constructor(options: { address: number; now: () => number; random: () => number; send: (port: Port, segment: Uint8Array) => void }) {
    this.#options = options
    this.#next = Math.floor(options.random() * PORTS)
  }

  get connections(): number {
    return this.#dialled.size
  }

  /** Opens a connection; null when too many are open. `sink.closed` tells of every end, a refusal included. */
  dial(port: Port, tcpPort: number, makeSink: (connection: () => TcpConnection) => TcpSink): TcpConnection | null {
    this.#sweep()
    if (this.#dialled.size >= MAX_CONNECTIONS) return null
    while (this.#dialled.has(FIRST_PORT + this.#next)) this.#next = (this.#next + 1) % PORTS
    const sourcePort = FIRST_PORT + this.#next
    this.#next = (this.#next + 1) % PORTS
    const { address, now, random, send } = this.#options
    let made: TcpConnection | null = null
    const sink = makeSink(() => {
      if (made === null) throw new Error('the connection is being made')
      return made
    })
    made = new TcpConnection(
      {
        sourcePort,
        destinationPort: tcpPort,
        firstSequence: Math.floor(random() * 0x1_0000_0000) | 0,
        maxSegment: Math.min(LARGEST_SEGMENT, port.settings.mtu - HEADERS_BYTES),
        send: (segment) => send(port, encodeTcp(address, port.ipv4, segment)),
        now,
      },
      sink,
    )
    this.#dialled.set(sourcePort, { connection: made, port, tcpPort })
    return made
  }

  /** Whether a segment from `port` to this local port belongs to a connection of ours. */
  owns(port: Port, localPort: number, tcpPort: number): boolean {
    const found = this.#dialled.get(localPort)
    return found !== undefined && found.port === port && found.tcpPort === tcpPort
  }

  /** False: none of ours. */
  receive(port: Port, segment: TcpSegment): boolean {
    if (!this.owns(port, segment.destinationPort, segment.sourcePort)) return false
    this.#dialled.get(segment.destinationPort)?.connection.receive(segment)
    return true
  }

  tick(): void {
    for (const { connection } of this.#dialled.values()) connection.tick()
    this.#sweep()
  }

  /** The guest's port is gone. */
  forget(port: Port): void {
    for (const dialled of this.#dialled.values()) if (dialled.port === port) dialled.connection.abort()
    this.#sweep()
  }

  #sweep(): void {
    for (const [key, { connection }] of this.#dialled) if (connection.isClosed) this.#dialled.delete(key)
  }
}
