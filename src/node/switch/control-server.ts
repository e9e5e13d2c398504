import type { Server, Socket } from 'node:net'
import { z } from 'zod'
import type { CaptureOptions } from '../../network/capture.ts'
import { ControlRequest, MAX_LINE_BYTES, type ControlError, type ControlEvent, type Greeting } from '../../network/control-protocol.ts'
import { LineReader, parseJson } from './json-lines.ts'
import { listenUnix } from './unix-server.ts'

/** Starts a capture into a sink that says whether it took the bytes; returns its end. */
export type StartCapture = (options: CaptureOptions, sink: (bytes: Uint8Array) => boolean) => () => void

/** `carry`: after the answer the connection is a byte channel, handed to it. */
export type ControlOutcome = { readonly result: unknown; readonly carry?: (socket: Socket) => void } | { readonly error: ControlError }

/** Bytes of events that may wait for a client that does not read; then it is let go. */
const MAX_BACKLOG_BYTES = 8_388_608

/** The control socket: greets, checks each request against its schema, hands it on, and tells subscribers events. */
export class ControlServer {
  readonly #clients = new Set<Socket>()
  readonly #subscribers = new Set<Socket>()
  readonly #handle: (request: ControlRequest) => Promise<ControlOutcome>
  readonly #capture: StartCapture
  #server: Server | null = null

  constructor(handle: (request: ControlRequest) => Promise<ControlOutcome>, capture: StartCapture) {
    this.#handle = handle
    this.#capture = capture
  }

  get hasSubscribers(): boolean {
    return this.#subscribers.size > 0
  }

  async listen(path: string, greeting: Greeting): Promise<void> {
    this.#server = await listenUnix(path, (socket) => this.#accept(socket, greeting))
  }

  /** Tells every subscriber. */
  publish(event: ControlEvent): void {
    if (this.#subscribers.size === 0) return
    const line = `${JSON.stringify({ event })}\n`
    for (const socket of this.#subscribers) {
      if (socket.writableLength > MAX_BACKLOG_BYTES) socket.destroy()
      else socket.write(line)
    }
  }

  /** Stops listening; clients hear the end of their connection once what was said to them is sent. */
  close(): void {
    this.#server?.close()
    for (const socket of this.#clients) socket.end()
  }

  #accept(socket: Socket, greeting: Greeting): void {
    this.#clients.add(socket)
    const reader = new LineReader(MAX_LINE_BYTES)
    socket.write(`${JSON.stringify(greeting)}\n`)
    socket.on('data', (chunk: Buffer) => {
      const lines = reader.push(chunk)
      if (lines === null) socket.destroy()
      else for (const line of lines) void this.#answer(socket, line)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#clients.delete(socket)
      this.#subscribers.delete(socket)
    })
  }

  /** From here on the connection carries the capture alone. */
  #stream(socket: Socket, options: CaptureOptions): void {
    this.#subscribers.delete(socket)
    socket.removeAllListeners('data')
    socket.resume()
    const stop = this.#capture(options, (bytes) => !socket.destroyed && socket.writableLength < MAX_BACKLOG_BYTES && (socket.write(bytes), true))
    socket.once('close', stop)
  }

  async #answer(socket: Socket, line: string): Promise<void> {
    const value = parseJson(line)
    const request = ControlRequest.safeParse(value)
    if (!request.success) {
      const id = Identified.safeParse(value)
      const error: ControlError = { code: 'bad-request', message: z.prettifyError(request.error) }
      socket.write(`${JSON.stringify({ id: id.success ? id.data.id : null, error })}\n`)
      return
    }
    // One request that cannot be carried out is told to who asked, and is no reason to end: guests' frames pass here.
    const outcome = await this.#handle(request.data).catch((cause: unknown): ControlOutcome => ({ error: { code: 'unreachable', message: `the switch could not do ${request.data.method}: ${cause instanceof Error ? cause.message : String(cause)}` } }))
    if ('carry' in outcome && outcome.carry !== undefined) {
      this.#subscribers.delete(socket)
      socket.write(`${JSON.stringify({ id: request.data.id, result: outcome.result })}\n`)
      outcome.carry(socket)
      return
    }
    if (request.data.method === 'subscribe') this.#subscribers.add(socket)
    if (socket.destroyed) return
    socket.write(`${JSON.stringify({ id: request.data.id, ...outcome })}\n`)
    if (request.data.method === 'capture' && 'result' in outcome) this.#stream(socket, request.data.params)
  }
}

const Identified = z.object({ id: z.number().int() })
