import type { ScreenChannel } from './connection.ts'
import { FlowPort, screenWindowBytes, unitsOfScreen, type MessagePortLike } from './flow-port.ts'
import { copyOf, screenInputLimitBytes } from './screen-socket.ts'

/** A screen over a MessagePort of its own, opening when the host has connected it to the guest. */
export class PortScreen implements ScreenChannel {
  onopen: ScreenChannel['onopen'] = null
  onmessage: ScreenChannel['onmessage'] = null
  onclose: ScreenChannel['onclose'] = null
  onerror: ScreenChannel['onerror'] = null
  readonly protocol = ''
  readonly #onEnd: (screen: PortScreen) => void
  #flow: FlowPort | undefined
  #state = 0

  constructor(port: Promise<MessagePortLike>, onEnd: (screen: PortScreen) => void) {
    this.#onEnd = onEnd
    port.then(
      (opened) => this.#attach(opened),
      (error: unknown) => {
        this.onerror?.(error)
        this.#finish(1006, error instanceof Error ? error.message : String(error))
      },
    )
  }

  get binaryType(): string {
    return 'arraybuffer'
  }
  set binaryType(value: string) {
    if (value !== 'arraybuffer') throw new TypeError('a screen channel carries array buffers only')
  }
  get readyState(): number {
    return this.#state
  }

  send(data: Uint8Array | ArrayBuffer): void {
    if (this.#state !== 1 || this.#flow === undefined) return
    if (this.#flow.pending > screenInputLimitBytes) this.#flow.close('the guest stopped taking input', 1013)
    else this.#flow.send(copyOf(data).buffer)
  }

  close(code = 1000, reason = ''): void {
    this.#flow?.close(reason, code)
    this.#finish(code, reason)
  }

  #attach(port: MessagePortLike): void {
    if (this.#state === 3) {
      port.close()
      return
    }
    this.#flow = new FlowPort(port, {
      window: screenWindowBytes,
      unitsOf: unitsOfScreen,
      onMessage: (message) => {
        if (message instanceof ArrayBuffer) this.onmessage?.({ data: message })
      },
      onReady: () => {
        if (this.#state !== 0) return
        this.#state = 1
        this.onopen?.({ type: 'open' })
      },
      onClose: (reason, code) => this.#finish(code, reason),
    })
  }

  #finish(code: number, reason: string): void {
    if (this.#state === 3) return
    this.#state = 3
    this.#onEnd(this)
    // Later, as a WebSocket does: noVNC waits in vain for a close that comes inside its own call to `close`.
    queueMicrotask(() => this.onclose?.({ code, reason }))
  }
}
