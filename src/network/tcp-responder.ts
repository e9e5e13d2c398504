import { asciiBytes, concat } from './bytes.ts'
import { TCP_FLAG, type TcpSegment } from './tcp-segment.ts'

/** Who asks. */
export interface TcpPeer {
  /** Whose it is: nobody's connections are touched or crowded out by another's. */
  readonly owner: object
  /** Tells it from every other of its owner. */
  readonly key: string
  /** Writes a segment to it, with the checksum between the two addresses. */
  encode(segment: TcpSegment): Uint8Array
}

interface Connection<Peer extends TcpPeer> {
  readonly peer: Peer
  readonly port: number
  readonly maxSegment: number
  /** Their next byte; our first unacknowledged and our next to send, counted from our first data byte. */
  theirNext: number
  readonly ourFirst: number
  acknowledged: number
  sent: number
  window: number
  request: string
  response: Uint8Array | null
  theyFinished: boolean
  movedAtMs: number
  tries: number
}

/** Of one owner; browsers open six. */
const MAX_CONNECTIONS = 16
const MAX_REQUEST_BYTES = 8_192
const RETRY_MS = 500
const MAX_TRIES = 8
const IDLE_MS = 15_000
const OWN_SEGMENT_BYTES = 1_460
const OWN_WINDOW = 16_384

/**
 * The server's side of short TCP connections (RFC 9293, one exchange each): takes a request up to the empty line,
 * sends what `respond` gives, closes. No options but the segment size, go-back-N, few at once. Pure: segments
 * in, segments out; `tick` repeats what was lost.
 *
 *   SYN -> request --(empty line)--> response sent, FIN --(all acknowledged, their FIN)--> gone
 */
export class TcpResponder<Peer extends TcpPeer> {
  readonly #port: number
  readonly #random: () => number
  readonly #respond: (request: string, peer: Peer) => Uint8Array
  readonly #owners = new Map<object, Map<string, Connection<Peer>>>()

  constructor(options: { port: number; random: () => number; respond: (request: string, peer: Peer) => Uint8Array }) {
    this.#port = options.port
    this.#random = options.random
    this.#respond = options.respond
  }

  get connections(): number {
    return [...this.#owners.values()].reduce((sum, connections) => sum + connections.size, 0)
  }

  /** Takes one segment; returns the segments to send back. */
  receive(segment: TcpSegment, peer: Peer, nowMs: number): Uint8Array[] {
    const key = `${peer.key}:${segment.sourcePort}`
    const { owner } = peer
    if ((segment.flags & TCP_FLAG.rst) !== 0) {
      this.#forget(owner, key)
      return []
    }
    if (segment.destinationPort !== this.#port) return [this.#reset(segment, peer)]
    if ((segment.flags & TCP_FLAG.syn) !== 0) return this.#open(key, segment, peer, nowMs)
    const connection = this.#owners.get(owner)?.get(key)
    if (connection === undefined) return [this.#reset(segment, peer)]
    return this.#advance(key, connection, segment, nowMs)
  }

  /** Repeats what was not acknowledged and forgets the silent; call it a few times a second. */
  tick(nowMs: number): { peer: Peer; segments: Uint8Array[] }[] {
    const repeats: { peer: Peer; segments: Uint8Array[] }[] = []
    for (const [key, connection] of [...this.#owners.values()].flatMap((connections) => [...connections])) {
      const waitsMs = nowMs - connection.movedAtMs
      if (waitsMs > IDLE_MS || connection.tries > MAX_TRIES) this.#forget(connection.peer.owner, key)
      else if (connection.response !== null && connection.sent > connection.acknowledged && waitsMs > RETRY_MS * (connection.tries + 1)) {
        connection.tries++
        connection.sent = connection.acknowledged
        repeats.push({ peer: connection.peer, segments: this.#flow(connection) })
      }
    }
    return repeats
  }

  #open(key: string, segment: TcpSegment, peer: Peer, nowMs: number): Uint8Array[] {
    const connections = this.#owners.get(peer.owner) ?? new Map<string, Connection<Peer>>()
    const known = connections.get(key)
    // A repeated SYN gets the same answer; any other begins anew.
    const again = known !== undefined && known.theirNext === ((segment.sequence + 1) | 0) && known.request === ''
    const connection: Connection<Peer> = again
      ? known
      : {
          peer,
          port: segment.sourcePort,
          maxSegment: Math.max(64, Math.min(OWN_SEGMENT_BYTES, segment.maxSegment ?? 536)),
          theirNext: (segment.sequence + 1) | 0,
          ourFirst: Math.floor(this.#random() * 0x1_0000_0000) | 0,
          acknowledged: 0,
          sent: 0,
          window: segment.window,
          request: '',
          response: null,
          theyFinished: false,
          movedAtMs: nowMs,
          tries: 0,
        }
    if (known === undefined && connections.size >= MAX_CONNECTIONS) return [this.#reset(segment, peer)]
    this.#owners.set(peer.owner, connections.set(key, connection))
    return [this.#segment(connection, -1, TCP_FLAG.syn | TCP_FLAG.ack, new Uint8Array(), OWN_SEGMENT_BYTES)]
  }

  #advance(key: string, connection: Connection<Peer>, segment: TcpSegment, nowMs: number): Uint8Array[] {
    connection.window = segment.window
    const total = connection.response === null ? 0 : connection.response.length + 1
    const acknowledged = (segment.acknowledgment - connection.ourFirst) | 0
    if ((segment.flags & TCP_FLAG.ack) !== 0 && acknowledged > connection.acknowledged && acknowledged <= total) {
      connection.acknowledged = acknowledged
      connection.sent = Math.max(connection.sent, acknowledged)
      connection.movedAtMs = nowMs
      connection.tries = 0
    }
    let owesAnswer = segment.payload.length > 0
    if (segment.sequence >>> 0 === connection.theirNext >>> 0) {
      connection.theirNext = (connection.theirNext + segment.payload.length) | 0
      if (connection.response === null) this.#read(connection, segment.payload)
      if (segment.payload.length > 0) connection.movedAtMs = nowMs
      if ((segment.flags & TCP_FLAG.fin) !== 0 && !connection.theyFinished) {
        connection.theirNext = (connection.theirNext + 1) | 0
        connection.theyFinished = true
        owesAnswer = true
      }
    } else if ((segment.flags & TCP_FLAG.fin) !== 0) {
      owesAnswer = true
    }
    const done = connection.response !== null && connection.acknowledged === connection.response.length + 1
    const gaveUp = connection.response === null && connection.theyFinished
    if ((done && connection.theyFinished) || gaveUp) this.#forget(connection.peer.owner, key)
    const segments = this.#flow(connection)
    if (segments.length === 0 && owesAnswer) segments.push(this.#segment(connection, connection.sent, TCP_FLAG.ack, new Uint8Array(), null))
    return segments
  }

  #forget(owner: object, key: string): void {
    const connections = this.#owners.get(owner)
    connections?.delete(key)
    if (connections?.size === 0) this.#owners.delete(owner)
  }

  #read(connection: Connection<Peer>, payload: Uint8Array): void {
    for (const byte of payload) connection.request += String.fromCharCode(byte)
    if (connection.request.includes('\r\n\r\n')) connection.response = this.#respond(connection.request, connection.peer)
    else if (connection.request.length > MAX_REQUEST_BYTES) connection.response = asciiBytes('HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  }

  /** What the window allows of the response, its end marked by FIN. */
  #flow(connection: Connection<Peer>): Uint8Array[] {
    const { response } = connection
    if (response === null) return []
    const segments: Uint8Array[] = []
    const limit = connection.acknowledged + Math.max(connection.window, 1)
    while (connection.sent <= response.length && connection.sent < limit) {
      const end = Math.min(response.length, connection.sent + connection.maxSegment, limit)
      const isLast = end === response.length
      segments.push(this.#segment(connection, connection.sent, TCP_FLAG.ack | (isLast ? TCP_FLAG.push | TCP_FLAG.fin : 0), response.subarray(connection.sent, end), null))
      connection.sent = isLast ? end + 1 : end
    }
    return segments
  }

  #segment(connection: Connection<Peer>, offset: number, flags: number, payload: Uint8Array, maxSegment: number | null): Uint8Array {
    return connection.peer.encode({ sourcePort: this.#port, destinationPort: connection.port, sequence: (connection.ourFirst + offset) | 0, acknowledgment: connection.theirNext, flags, window: OWN_WINDOW, maxSegment, payload })
  }

  /** RFC 9293 §3.10.7.1: what belongs to no connection. */
  #reset(segment: TcpSegment, peer: Peer): Uint8Array {
    const acknowledges = (segment.flags & TCP_FLAG.ack) !== 0
    const length = segment.payload.length + (segment.flags & TCP_FLAG.syn ? 1 : 0) + (segment.flags & TCP_FLAG.fin ? 1 : 0)
    return peer.encode({
      sourcePort: segment.destinationPort,
      destinationPort: segment.sourcePort,
      sequence: acknowledges ? segment.acknowledgment : 0,
      acknowledgment: acknowledges ? 0 : (segment.sequence + length) | 0,
      flags: acknowledges ? TCP_FLAG.rst : TCP_FLAG.rst | TCP_FLAG.ack,
      window: 0,
      maxSegment: null,
      payload: new Uint8Array(),
    })
  }
}

/** An HTTP/1.1 answer that ends the connection; without its body for HEAD. */
export function httpAnswer(status: string, type: string, body: string, withBody: boolean): Uint8Array {
  const bytes = asciiBytes(body)
  const head = asciiBytes(`HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n`)
  return withBody ? concat(head, bytes) : head
}
