/**
 * Ordered messages over a MessagePort with credit, because a port has no back-pressure of its own: a sender may have
 * at most `window` units unacknowledged, and the receiver acknowledges what its handler has dealt with.
 *
 * On the port: a string or an ArrayBuffer is a message, a number acknowledges that many units, and an object is
 * `{ ready: true }` (the far end is set up) or `{ goodbye: reason, code }` (it is going away; a port's own close event
 * reaches the other side late or, from a killed renderer, not at all in older Electrons).
 */

/** The part of a MessagePort used here. The DOM's fits as it is; Electron's MessagePortMain through an adapter. */
export interface MessagePortLike {
  onmessage: ((event: never) => void) | null
  postMessage(message: unknown): void
  addEventListener(type: 'close', listener: () => void): void
  start?(): void
  close(): void
}

export type FlowMessage = string | ArrayBuffer

export interface FlowOptions {
  /** Units in flight at most; messages count one, array buffers their bytes. */
  readonly window: number
  readonly unitsOf: (message: FlowMessage) => number
  /** Acknowledged when it returns, or when its promise resolves; a rejection closes the port. */
  readonly onMessage: (message: FlowMessage) => void | Promise<void>
  readonly onReady?: () => void
  readonly onClose: (reason: string, code: number) => void
}

export class FlowPort {
  readonly #port: MessagePortLike
  readonly #options: FlowOptions
  readonly #outbox: FlowMessage[] = []
  #inFlight = 0
  #queued = 0
  #dealtWith = 0
  #closed = false
  #waiting: (() => void)[] = []

  constructor(port: MessagePortLike, options: FlowOptions) {
    this.#port = port
    this.#options = options
    port.addEventListener('close', () => this.#finish('the other side went away', 1006))
    port.onmessage = (event: { data: unknown }) => this.#take(event.data)
    port.start?.()
  }

  /** Units given to `send` and not yet dealt with by the other side. */
  get pending(): number {
    return this.#inFlight + this.#queued
  }

  /** Sends, or keeps for later. False when the window is used up: await `drained` before sending more. */
  send(message: FlowMessage): boolean {
    if (this.#closed) return true
    this.#outbox.push(message)
    this.#queued += this.#options.unitsOf(message)
    this.#flush()
    return this.pending < this.#options.window
  }

  /** Resolves when the window has room again, or the port is closed. */
  drained(): Promise<void> {
    if (this.#closed || this.pending < this.#options.window) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  ready(): void {
    if (!this.#closed) this.#port.postMessage({ ready: true })
  }

  close(reason: string, code = 1000): void {
    if (this.#closed) return
    this.#port.postMessage({ goodbye: reason, code })
    this.#finish(reason, code)
  }

  #take(data: unknown): void {
    if (this.#closed) return
    if (typeof data === 'string' || data instanceof ArrayBuffer) this.#handle(data)
    else if (typeof data === 'number') this.#acknowledged(data)
    else if (typeof data === 'object' && data !== null) {
      if ('ready' in data) this.#options.onReady?.()
      if ('goodbye' in data) this.#finish(String(data.goodbye), 'code' in data ? Number(data.code) : 1000)
    }
  }

  #handle(message: FlowMessage): void {
    const units = this.#options.unitsOf(message)
    const answer = this.#options.onMessage(message)
    if (answer === undefined) this.#acknowledge(units)
    else
      answer.then(
        () => this.#acknowledge(units),
        (error: unknown) => this.close(error instanceof Error ? error.message : String(error), 1011),
      )
  }

  /** Acknowledges in quarters of the window, so that acknowledgements stay few. */
  #acknowledge(units: number): void {
    this.#dealtWith += units
    if (this.#closed || this.#dealtWith * 4 < this.#options.window) return
    this.#port.postMessage(this.#dealtWith)
    this.#dealtWith = 0
  }

  #acknowledged(units: number): void {
    this.#inFlight = Math.max(0, this.#inFlight - units)
    this.#flush()
    if (this.pending < this.#options.window) this.#wake()
  }

  #flush(): void {
    while (this.#inFlight < this.#options.window) {
      const message = this.#outbox.shift()
      if (message === undefined) return
      const units = this.#options.unitsOf(message)
      this.#queued -= units
      this.#inFlight += units
      this.#port.postMessage(message)
    }
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  #finish(reason: string, code: number): void {
    if (this.#closed) return
    this.#closed = true
    this.#outbox.length = 0
    this.#wake()
    this.#port.close()
    this.#options.onClose(reason, code)
  }
}

/** Of a control port: calls and events in flight before an event stream waits (and coalesces). */
export const controlWindow = 64
/** Of a screen port, in bytes: a full 1280x800 frame in raw encoding is 4 MiB, most updates are far smaller. */
export const screenWindowBytes = 1024 * 1024

export const unitsOfControl = (): number => 1
export const unitsOfScreen = (message: FlowMessage): number => (typeof message === 'string' ? 1 : message.byteLength)
