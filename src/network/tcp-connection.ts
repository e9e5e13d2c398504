import { concat } from './bytes.ts'
import { EarlySegments } from './early-segments.ts'
import { TCP_FLAG, type TcpSegment } from './tcp-segment.ts'

/** Where a connection's bytes go; told in the order they came. */
export interface TcpSink {
  /** Bytes taken and not yet passed on: the window offered to the guest shrinks by them. */
  readonly backlogBytes: number
  opened(): void
  data(bytes: Uint8Array): void
  /** The guest will send no more. */
  ended(): void
  /** The connection is over; `fault` says why when it was not closed by both sides. */
  closed(fault: string | null): void
  /** Room again after `write` answered false. */
  drained(): void
}

export interface TcpOptions {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly firstSequence: number
  /** The largest payload of a segment, both ways. */
  readonly maxSegment: number
  send(segment: TcpSegment): void
  now(): number
}

/** What the guest may have under way to us: 20 Mbit/s over a round trip of 200 ms. Without window scaling 64 KiB. */
const OWN_WINDOW_BYTES = 524_288
const OWN_WINDOW_SCALE = 4
const LARGEST_UNSCALED = 65_535
/** What we have under way to the guest: no queue of a shaped link overflows by it, so there is no congestion window. */
const SEND_WINDOW_BYTES = 65_535
/** What may wait to be sent or acknowledged before `write` answers false. */
const SEND_BUFFER_BYTES = 262_144
const FIRST_RETRY_MS = 500
const SHORTEST_RETRY_MS = 250
const LONGEST_RETRY_MS = 4_000
const OPENING_LIMIT_MS = 8_000
/** Nothing acknowledged for this long: the guest is gone. */
const SILENCE_LIMIT_MS = 30_000
const EMPTY = new Uint8Array()

/**
 * The calling side of one TCP connection into the network (RFC 9293), for a lossless path that shaping may make slow
 * and lossy. Whole streams both ways. Sending: go-back-N with fast retransmit (RFC 5681 §3.2) and RFC 6298's timer.
 * Receiving: a scaled window (RFC 7323) with reassembly, since that is the way of pages and downloads; no selective
 * acknowledgment. Pure: segments in and out; `tick` repeats what was lost.
 *
 *   opening --(SYN ACK)--> open --(end, FIN acknowledged; their FIN)--> closed
 *      `----(RST, silence, abort)---------------------------------------^
 */
export class TcpConnection {
  readonly #options: TcpOptions
  readonly #sink: TcpSink
  #state: 'opening' | 'open' | 'closed' = 'opening'
  // Positions count from our first data byte; 32-bit sequence numbers only on the wire.
  #buffer: Uint8Array = EMPTY
  #acknowledged = 0
  #sent = 0
  #highest = 0
  #ending = false
  #finPosition = -1
  #window = 0
  /** How far their windows and ours are shifted; 0 when they do not know of it. */
  #theirScale = 0
  #ourScale = 0
  readonly #early = new EarlySegments()
  #maxSegment: number
  #theirNext = 0
  #theyEnded = false
  #blocked = false
  #duplicates = 0
  #retryMs = FIRST_RETRY_MS
  #smoothedMs: number | null = null
  #variationMs = 0
  #timed: { readonly position: number; readonly atMs: number } | null = null
  #sentAtMs: number
  #movedAtMs: number
  readonly #openedAtMs: number

  constructor(options: TcpOptions, sink: TcpSink) {
    this.#options = options
    this.#sink = sink
    this.#maxSegment = options.maxSegment
    this.#openedAtMs = options.now()
    this.#sentAtMs = this.#openedAtMs
    this.#movedAtMs = this.#openedAtMs
    this.#emit(-1, TCP_FLAG.syn, EMPTY)
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** Takes the bytes; false when the caller should wait for `drained`. */
  write(bytes: Uint8Array): boolean {
    if (this.#state === 'closed' || this.#ending) return true
    this.#buffer = concat(this.#buffer, bytes)
    this.#flow()
    this.#blocked = this.#buffer.length > SEND_BUFFER_BYTES
    return !this.#blocked
  }

  /** No more will be written; what was is still sent. */
  end(): void {
    if (this.#ending) return
    this.#ending = true
    this.#finPosition = this.#acknowledged + this.#buffer.length
    this.#flow()
  }

  abort(): void {
    if (this.#state === 'closed') return
    this.#emit(this.#sent, TCP_FLAG.rst | TCP_FLAG.ack, EMPTY)
    this.#close('given up by this side')
  }

  /** The sink has room again: offers the window anew. */
  windowOpened(): void {
    if (this.#state === 'open') this.#emit(this.#sent, TCP_FLAG.ack, EMPTY)
  }

  receive(segment: TcpSegment): void {
    if (this.#state === 'closed') return
    if ((segment.flags & TCP_FLAG.rst) !== 0) {
      const refused = this.#state === 'opening'
      // Only a reset that names the expected byte counts (RFC 5961 §3.2); while opening, one that acknowledges the SYN.
      if (refused ? segment.acknowledgment >>> 0 === this.#options.firstSequence >>> 0 : segment.sequence >>> 0 === this.#theirNext >>> 0) this.#close(refused ? 'refused: nothing listens on that port' : 'reset by the guest')
      return
    }
    if (this.#state === 'opening') {
      this.#open(segment)
      return
    }
    if ((segment.flags & TCP_FLAG.syn) !== 0) this.#emit(this.#sent, TCP_FLAG.ack, EMPTY)
    else {
      if ((segment.flags & TCP_FLAG.ack) !== 0) this.#acknowledge(segment)
      this.#take(segment)
      this.#flow()
      this.#finish()
    }
  }

  /** Repeats what was not acknowledged in time; call it a few times a second. */
  tick(): void {
    const now = this.#options.now()
    if (this.#state === 'closed') return
    if (this.#state === 'opening' && now - this.#openedAtMs > OPENING_LIMIT_MS) this.#close('the guest does not answer')
    else if (this.#outstanding() && now - this.#movedAtMs > SILENCE_LIMIT_MS) this.#close('the guest stopped answering')
    else if (this.#outstanding() && now - this.#sentAtMs >= this.#retryMs) {
      this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2)
      this.#timed = null
      if (this.#state === 'opening') this.#emit(-1, TCP_FLAG.syn, EMPTY)
      else {
        this.#sent = this.#acknowledged
        this.#flow()
      }
    }
  }

  #outstanding(): boolean {
    return this.#state === 'opening' || this.#sent > this.#acknowledged || this.#buffer.length > 0 || (this.#ending && this.#acknowledged <= this.#finPosition)
  }

  #open(segment: TcpSegment): void {
    const both = TCP_FLAG.syn | TCP_FLAG.ack
    if ((segment.flags & both) !== both || segment.acknowledgment >>> 0 !== this.#options.firstSequence >>> 0) return
    this.#state = 'open'
    this.#theirNext = (segment.sequence + 1) | 0
    if (typeof segment.windowScale === 'number') {
      this.#theirScale = segment.windowScale
      this.#ourScale = OWN_WINDOW_SCALE
    }
    this.#window = segment.window // never scaled in a SYN
    this.#maxSegment = Math.max(64, Math.min(this.#maxSegment, segment.maxSegment ?? 536))
    this.#movedAtMs = this.#options.now()
    this.#retryMs = FIRST_RETRY_MS
    this.#emit(0, TCP_FLAG.ack, EMPTY)
    this.#sink.opened()
    this.#flow()
  }

  #acknowledge(segment: TcpSegment): void {
    const position = this.#acknowledged + ((segment.acknowledgment - this.#options.firstSequence - this.#acknowledged) | 0)
    if (position > this.#highest) return
    const window = segment.window << this.#theirScale
    if (position > this.#acknowledged) {
      const bytes = Math.min(position - this.#acknowledged, this.#buffer.length)
      this.#buffer = this.#buffer.subarray(bytes)
      this.#acknowledged = position
      this.#sent = Math.max(this.#sent, position)
      this.#duplicates = 0
      this.#movedAtMs = this.#options.now()
      this.#sentAtMs = this.#movedAtMs
      this.#measure(position)
      if (this.#blocked && this.#buffer.length < SEND_BUFFER_BYTES / 2) {
        this.#blocked = false
        this.#sink.drained()
      }
    } else if (segment.payload.length === 0 && window === this.#window && this.#sent > this.#acknowledged) {
      this.#duplicates++
      if (this.#duplicates === 3) this.#sent = this.#acknowledged
    }
    if (window !== this.#window) this.#movedAtMs = this.#options.now()
    this.#window = window
  }

  /** RFC 6298 §2, from one segment at a time that was sent once. */
  #measure(position: number): void {
    const now = this.#options.now()
    if (this.#timed !== null && position >= this.#timed.position) {
      const took = now - this.#timed.atMs
      this.#timed = null
      if (this.#smoothedMs === null) {
        this.#smoothedMs = took
        this.#variationMs = took / 2
      } else {
        this.#variationMs = 0.75 * this.#variationMs + 0.25 * Math.abs(this.#smoothedMs - took)
        this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * took
      }
    }
    const expected = this.#smoothedMs === null ? FIRST_RETRY_MS : this.#smoothedMs + 4 * this.#variationMs
    this.#retryMs = Math.min(LONGEST_RETRY_MS, Math.max(SHORTEST_RETRY_MS, expected))
  }

  /** Takes what comes next, and what waited for it; keeps what comes early. Either way it says what is expected. */
  #take(segment: TcpSegment): void {
    const hasFin = (segment.flags & TCP_FLAG.fin) !== 0
    if (segment.payload.length === 0 && !hasFin) return
    const { sequence, payload } = segment
    if (((sequence - this.#theirNext) | 0) > 0) this.#early.add({ sequence, payload, hasFin }, this.#theirNext, this.#freeWindow())
    else this.#accept(sequence, payload, hasFin)
    for (let waited = this.#early.take(this.#theirNext); waited !== null; waited = this.#early.take(this.#theirNext)) this.#accept(waited.sequence, waited.payload, waited.hasFin)
    this.#emit(this.#sent, TCP_FLAG.ack, EMPTY)
  }

  /** A segment that begins with the byte expected or before it: what is new of it goes to the sink. */
  #accept(sequence: number, payload: Uint8Array, hasFin: boolean): void {
    const known = (this.#theirNext - sequence) | 0
    if (this.#theyEnded || known < 0 || known > payload.length) return
    const fresh = payload.subarray(known)
    if (fresh.length > this.#freeWindow()) return
    this.#theirNext = (this.#theirNext + fresh.length) | 0
    if (fresh.length > 0) this.#sink.data(fresh)
    if (!hasFin) return
    this.#theirNext = (this.#theirNext + 1) | 0
    this.#theyEnded = true
    this.#sink.ended()
  }

  /** Sends what their window allows, then our end. One byte is tried against a closed window, by the timer's pace. */
  #flow(): void {
    if (this.#state !== 'open') return
    const dataEnd = this.#acknowledged + this.#buffer.length
    const limit = this.#acknowledged + Math.max(Math.min(this.#window, SEND_WINDOW_BYTES), 1)
    while (this.#sent < Math.min(dataEnd, limit)) {
      const from = this.#sent - this.#acknowledged
      const length = Math.min(this.#maxSegment, dataEnd - this.#sent, limit - this.#sent)
      const isFresh = this.#sent >= this.#highest
      const last = this.#sent + length === dataEnd
      this.#emit(this.#sent, TCP_FLAG.ack | (last ? TCP_FLAG.push : 0), this.#buffer.subarray(from, from + length))
      this.#sent += length
      this.#highest = Math.max(this.#highest, this.#sent)
      this.#sentAtMs = this.#options.now()
      if (isFresh && this.#timed === null) this.#timed = { position: this.#sent, atMs: this.#sentAtMs }
    }
    if (this.#ending && this.#sent === this.#finPosition && this.#acknowledged <= this.#finPosition) {
      this.#emit(this.#sent, TCP_FLAG.ack | TCP_FLAG.fin, EMPTY)
      this.#sent += 1
      this.#highest = Math.max(this.#highest, this.#sent)
      this.#sentAtMs = this.#options.now()
    }
  }

  #finish(): void {
    if (this.#theyEnded && this.#ending && this.#acknowledged > this.#finPosition) this.#close(null)
  }

  #close(fault: string | null): void {
    this.#state = 'closed'
    this.#buffer = EMPTY
    this.#sink.closed(fault)
  }

  #freeWindow(): number {
    return Math.max(0, (this.#ourScale === 0 ? LARGEST_UNSCALED : OWN_WINDOW_BYTES) - this.#sink.backlogBytes)
  }

  #emit(position: number, flags: number, payload: Uint8Array): void {
    this.#options.send({
      sourcePort: this.#options.sourcePort,
      destinationPort: this.#options.destinationPort,
      sequence: (this.#options.firstSequence + position) | 0,
      acknowledgment: (flags & TCP_FLAG.ack) === 0 ? 0 : this.#theirNext,
      flags,
      window: this.#freeWindow() >> this.#ourScale,
      maxSegment: (flags & TCP_FLAG.syn) === 0 ? null : this.#options.maxSegment,
      windowScale: (flags & TCP_FLAG.syn) === 0 ? null : OWN_WINDOW_SCALE,
      payload,
    })
  }
}
