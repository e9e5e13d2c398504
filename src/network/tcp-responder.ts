import { concat } from './bytes.ts'
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

/** What is said on the connections to one port. */
export interface TcpService<Peer extends TcpPeer> {
  readonly port: number
  /** A connection is for one request alone: it is closed after the answer. */
  readonly once: boolean
  /** The length of the request that `received` begins with; 0 while it is not whole, `too-long` when it may not become so. */
  measure(received: Uint8Array): number | 'too-long'
  /** Whether one more of its requests may be answered now; if not, it waits for the next tick. */
  admits(peer: Peer): boolean
  /** What a client is told whose request is too long, before the connection is closed. */
  readonly tooLong: Uint8Array
  /** The answer as it goes over the connection; `later`: `answered` is called with it once; null: no request, the connection is closed. */
  respond(request: Uint8Array, peer: Peer, answered: (answer: Uint8Array) => void): Uint8Array | null | 'later'
}

interface Connection<Peer extends TcpPeer> {
  readonly key: string
  readonly peer: Peer
  readonly port: number
  readonly maxSegment: number
  /** Their next byte. */
  theirNext: number
  /** The sequence number of our first byte they have not acknowledged; what follows from there, and how much of it is sent. */
  unacknowledged: number
  outgoing: Uint8Array
  sent: number
  window: number
  /** What came and was not answered yet. */
  received: Uint8Array
  /** Requests that are answered later. */
  pending: number
  /** They have answered our SYN. */
  established: boolean
  /** Nothing is read any more, and FIN follows what is outgoing. */
  closing: boolean
  finAcknowledged: boolean
  theyFinished: boolean
  movedAtMs: number
  tries: number
}

/** Of one owner; browsers open six. */
const MAX_CONNECTIONS = 16
const RETRY_MS = 500
const MAX_TRIES = 8
const IDLE_MS = 15_000
const OWN_SEGMENT_BYTES = 1_460
/** What may wait to be read; the window tells how much of it is free. */
const RECEIVE_BYTES = 16_384
/** While more of its answers than this waits for a client, no further request of its is read. */
const OUTGOING_BYTES = 16_384

/**
 * The server's side of short TCP connections (RFC 9293): requests in, their answers out, in the order they are ready. No
 * options but the segment size, go-back-N, few at once. Pure: segments in, segments out; `tick` repeats what was lost,
 * `send` carries what is answered later.
 *
 *   SYN -> requests, answers --(the one request is answered, their FIN, silence, or no request)--> rest sent, FIN
 *       --(all acknowledged, their FIN)--> gone
 */
export class TcpResponder<Peer extends TcpPeer> {
  readonly #service: TcpService<Peer>
  readonly #random: () => number
  readonly #now: () => number
  readonly #send: (peer: Peer, segments: Uint8Array[]) => void
  readonly #owners = new Map<object, Map<string, Connection<Peer>>>()

  constructor(options: { service: TcpService<Peer>; random: () => number; now: () => number; send: (peer: Peer, segments: Uint8Array[]) => void }) {
    this.#service = options.service
    this.#random = options.random
    this.#now = options.now
    this.#send = options.send
  }

  get connections(): number {
    return [...this.#owners.values()].reduce((sum, connections) => sum + connections.size, 0)
  }

  /** Takes one segment; returns the segments to send back. */
  receive(segment: TcpSegment, peer: Peer): Uint8Array[] {
    const key = `${peer.key}:${segment.sourcePort}`
    const { owner } = peer
    if ((segment.flags & TCP_FLAG.rst) !== 0) {
      this.#forget(owner, key)
      return []
    }
    if (segment.destinationPort !== this.#service.port) return [this.#reset(segment, peer)]
    if ((segment.flags & TCP_FLAG.syn) !== 0) return this.#open(key, segment, peer)
    const connection = this.#owners.get(owner)?.get(key)
    if (connection === undefined) return [this.#reset(segment, peer)]
    return this.#advance(connection, segment)
  }

  /** Repeats what was not acknowledged, ends and forgets the silent; call it a few times a second. */
  tick(): { peer: Peer; segments: Uint8Array[] }[] {
    const now = this.#now()
    const said: { peer: Peer; segments: Uint8Array[] }[] = []
    for (const connection of [...this.#owners.values()].flatMap((connections) => [...connections.values()])) {
      const waitsMs = now - connection.movedAtMs
      const isIdle = waitsMs > IDLE_MS && connection.pending === 0
      if (connection.tries > MAX_TRIES || (isIdle && (connection.closing || !connection.established))) {
        this.#forget(connection.peer.owner, connection.key)
      } else if (connection.sent > 0 && waitsMs > RETRY_MS * (connection.tries + 1)) {
        connection.tries++
        connection.sent = 0
        said.push({ peer: connection.peer, segments: this.#flow(connection) })
      } else {
        if (isIdle) {
          this.#end(connection, EMPTY)
          connection.movedAtMs = now
        }
        this.#read(connection)
        said.push({ peer: connection.peer, segments: this.#flow(connection) })
      }
    }
    return said
  }

  #open(key: string, segment: TcpSegment, peer: Peer): Uint8Array[] {
    const connections = this.#owners.get(peer.owner) ?? new Map<string, Connection<Peer>>()
    const known = connections.get(key)
    const theirNext = (segment.sequence + 1) | 0
    // A repeated SYN gets the same answer; any other begins anew.
    const again = known !== undefined && known.theirNext === theirNext && !known.closing
    const connection: Connection<Peer> = again
      ? known
      : {
          key,
          peer,
          port: segment.sourcePort,
          maxSegment: Math.max(64, Math.min(OWN_SEGMENT_BYTES, segment.maxSegment ?? 536)),
          theirNext,
          unacknowledged: Math.floor(this.#random() * 0x1_0000_0000) | 0,
          outgoing: EMPTY,
          sent: 0,
          window: segment.window,
          received: EMPTY,
          pending: 0,
          established: false,
          closing: false,
          finAcknowledged: false,
          theyFinished: false,
          movedAtMs: this.#now(),
          tries: 0,
        }
    if (known === undefined && connections.size >= MAX_CONNECTIONS) return [this.#reset(segment, peer)]
    this.#owners.set(peer.owner, connections.set(key, connection))
    return [this.#segment(connection, -1, TCP_FLAG.syn | TCP_FLAG.ack, EMPTY, OWN_SEGMENT_BYTES)]
  }

  #advance(connection: Connection<Peer>, segment: TcpSegment): Uint8Array[] {
    connection.window = segment.window
    if ((segment.flags & TCP_FLAG.ack) !== 0) this.#acknowledge(connection, segment.acknowledgment)
    let owesAnswer = segment.payload.length > 0
    if (segment.sequence >>> 0 === connection.theirNext >>> 0) {
      const taken = connection.closing ? segment.payload.length : Math.min(segment.payload.length, RECEIVE_BYTES - connection.received.length)
      connection.theirNext = (connection.theirNext + taken) | 0
      if (taken > 0) connection.movedAtMs = this.#now()
      if (!connection.closing) connection.received = concat(connection.received, segment.payload.subarray(0, taken))
      if ((segment.flags & TCP_FLAG.fin) !== 0 && taken === segment.payload.length && !connection.theyFinished) {
        connection.theirNext = (connection.theirNext + 1) | 0
        connection.theyFinished = true
        owesAnswer = true
      }
      this.#read(connection)
    } else if ((segment.flags & TCP_FLAG.fin) !== 0) {
      owesAnswer = true
    }
    if (connection.finAcknowledged && connection.theyFinished) this.#forget(connection.peer.owner, connection.key)
    const segments = this.#flow(connection)
    if (segments.length === 0 && owesAnswer) segments.push(this.#segment(connection, connection.sent, TCP_FLAG.ack, EMPTY, null))
    return segments
  }

  #acknowledge(connection: Connection<Peer>, acknowledgment: number): void {
    const count = (acknowledgment - connection.unacknowledged) | 0
    if (count < 0 || count > connection.outgoing.length + (connection.closing && !connection.finAcknowledged ? 1 : 0)) return
    connection.established = true
    if (count === 0) return
    if (count > connection.outgoing.length) connection.finAcknowledged = true
    connection.unacknowledged = (connection.unacknowledged + count) | 0
    connection.outgoing = connection.outgoing.subarray(count)
    connection.sent = Math.max(0, connection.sent - count)
    connection.movedAtMs = this.#now()
    connection.tries = 0
    this.#read(connection)
  }

  #forget(owner: object, key: string): void {
    const connections = this.#owners.get(owner)
    connections?.delete(key)
    if (connections?.size === 0) this.#owners.delete(owner)
  }

  /** Answers the requests that have come whole, as long as their answers have room. */
  #read(connection: Connection<Peer>): void {
    while (!connection.closing && connection.outgoing.length <= OUTGOING_BYTES) {
      const length = this.#service.measure(connection.received)
      if (length === 0) break
      if (length === 'too-long') {
        this.#end(connection, this.#service.tooLong)
        return
      }
      if (!this.#service.admits(connection.peer)) return
      const request = connection.received.slice(0, length)
      connection.received = connection.received.slice(length)
      const answer = this.#service.respond(request, connection.peer, (late) => this.#answered(connection, late))
      if (answer === 'later') connection.pending++
      else if (answer === null) this.#end(connection, EMPTY)
      else this.#say(connection, answer)
    }
    if (connection.theyFinished && connection.pending === 0 && this.#service.measure(connection.received) === 0) this.#end(connection, EMPTY)
  }

  #answered(connection: Connection<Peer>, answer: Uint8Array): void {
    connection.pending--
    if (this.#owners.get(connection.peer.owner)?.get(connection.key) !== connection) return
    connection.movedAtMs = this.#now()
    this.#say(connection, answer)
    this.#read(connection)
    this.#send(connection.peer, this.#flow(connection))
  }

  #say(connection: Connection<Peer>, answer: Uint8Array): void {
    if (connection.closing) return
    if (this.#service.once) this.#end(connection, answer)
    else connection.outgoing = concat(connection.outgoing, answer)
  }

  #end(connection: Connection<Peer>, lastWords: Uint8Array): void {
    if (connection.closing) return
    connection.outgoing = concat(connection.outgoing, lastWords)
    connection.closing = true
    connection.received = EMPTY
  }

  /** What the window allows of what is outgoing, its end marked by FIN. */
  #flow(connection: Connection<Peer>): Uint8Array[] {
    const { outgoing, closing } = connection
    const segments: Uint8Array[] = []
    if (connection.finAcknowledged) return segments
    const limit = Math.max(connection.window, 1)
    const last = closing ? outgoing.length : outgoing.length - 1
    while (connection.sent <= last && connection.sent < limit) {
      const end = Math.min(outgoing.length, connection.sent + connection.maxSegment, limit)
      const isWhole = end === outgoing.length
      const isLast = closing && isWhole
      segments.push(this.#segment(connection, connection.sent, TCP_FLAG.ack | (isWhole ? TCP_FLAG.push : 0) | (isLast ? TCP_FLAG.fin : 0), outgoing.subarray(connection.sent, end), null))
      connection.sent = isLast ? end + 1 : end
    }
    return segments
  }

  #segment(connection: Connection<Peer>, offset: number, flags: number, payload: Uint8Array, maxSegment: number | null): Uint8Array {
    const window = RECEIVE_BYTES - connection.received.length
    return connection.peer.encode({ sourcePort: this.#service.port, destinationPort: connection.port, sequence: (connection.unacknowledged + offset) | 0, acknowledgment: connection.theirNext, flags, window, maxSegment, payload })
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

const EMPTY = new Uint8Array()
