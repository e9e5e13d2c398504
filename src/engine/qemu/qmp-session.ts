import { EngineFault } from '../engine.ts'
import type { ByteStream } from './byte-stream.ts'
import type { Json, JsonObject } from './json.ts'
import { LineDecoder } from './line-decoder.ts'
import { readQmpMessage, writeQmpCommand, type QmpMessage } from './qmp-message.ts'

export interface QmpEvent {
  readonly name: string
  readonly data: JsonObject
}

/** QEMU refused a command; `code` is QMP's error class. */
export class QmpError extends EngineFault {
  readonly code: string
  constructor(command: string, code: string, text: string) {
    super('qmp', `QEMU refused ${command}: ${text}`)
    this.code = code
  }
}

interface Pending {
  readonly command: string
  readonly resolve: (value: Json) => void
  readonly reject: (reason: EngineFault) => void
  readonly timer: unknown
}

/**
 * One QMP connection. Owns the stream; any number of callers.
 *
 *   greeting-awaited --greeting--> negotiating --return--> ready --close/timeout of stream--> closed
 *
 * Commands may be given from the start: `qmp_capabilities` is written first and QEMU answers in order, so nothing
 * waits for a round trip. Once closed every pending and later command rejects with EngineFault('qmp').
 */
export class QmpSession {
  /** The version in QEMU's greeting, e.g. `7.2.22`. Rejects when the stream closes before it. */
  readonly greeted: Promise<string>
  /** Settles with the reason once the connection is gone. */
  readonly closed: Promise<string>
  readonly #stream: ByteStream
  readonly #pending = new Map<number, Pending>()
  readonly #listeners = new Set<(event: QmpEvent) => void>()
  #nextId = 1
  #closedReason: string | null = null
  #settleGreeting: { resolve: (version: string) => void; reject: (fault: EngineFault) => void } | null = null
  #settleClosed: (reason: string) => void = () => undefined

  constructor(stream: ByteStream, options: { maximumLineBytes?: number } = {}) {
    this.#stream = stream
    this.greeted = new Promise((resolve, reject) => (this.#settleGreeting = { resolve, reject }))
    this.greeted.catch(() => undefined) // heard by whoever awaits it; unheard is no fault
    this.closed = new Promise((resolve) => (this.#settleClosed = resolve))
    const lines = new LineDecoder({
      maximumBytes: options.maximumLineBytes ?? 16 << 20,
      line: (line) => this.#receive(readQmpMessage(line)),
      tooLong: () => this.#end('QEMU sent a line longer than a QMP answer may be'),
    })
    stream.onData = (chunk) => lines.push(chunk)
    stream.onClose = (reason) => this.#end(reason)
    this.execute('qmp_capabilities').catch(() => undefined) // a refusal shows in every command after it
  }

  get isClosed(): boolean {
    return this.#closedReason !== null
  }

  /** Resolves with QEMU's `return` value. Rejects with QmpError, or EngineFault when closed or out of time. */
  execute(command: string, parameters?: JsonObject, timeoutMs = 30_000): Promise<Json> {
    if (this.#closedReason !== null) return Promise.reject(gone(command, this.#closedReason))
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id)
        reject(new EngineFault('qmp', `QEMU did not answer ${command} within ${timeoutMs} ms`))
      }, timeoutMs)
      this.#pending.set(id, { command, resolve, reject, timer })
      this.#stream.write(writeQmpCommand(id, command, parameters))
    })
  }

  subscribe(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Settles with the first event that fits; rejects when the connection closes or `timeoutMs` pass first. */
  event(fits: (event: QmpEvent) => boolean, timeoutMs: number, what: string): Promise<QmpEvent> {
    return new Promise((resolve, reject) => {
      const stop = this.subscribe((event) => {
        if (!fits(event)) return
        release()
        resolve(event)
      })
      const timer = setTimeout(() => {
        release()
        reject(new EngineFault('qmp', `${what} did not happen within ${timeoutMs} ms`))
      }, timeoutMs)
      const release = () => {
        stop()
        clearTimeout(timer)
      }
      void this.closed.then((reason) => {
        release()
        reject(gone(what, reason))
      })
    })
  }

  close(): void {
    this.#stream.close()
    this.#end('the connection was closed by Diptych')
  }

  #receive(message: QmpMessage): void {
    if (this.#closedReason !== null) return
    switch (message.kind) {
      case 'greeting':
        this.#settleGreeting?.resolve(message.version)
        return
      case 'event':
        for (const listener of this.#listeners) listener({ name: message.name, data: message.data })
        return
      case 'return':
        this.#take(message.id)?.resolve(message.value)
        return
      case 'error': {
        const pending = this.#take(message.id)
        pending?.reject(new QmpError(pending.command, message.code, message.text))
        return
      }
      case 'unknown':
        return
    }
  }

  #take(id: number | null): Pending | undefined {
    if (id === null) return undefined
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    clearTimeout(pending?.timer)
    return pending
  }

  #end(reason: string): void {
    if (this.#closedReason !== null) return
    this.#closedReason = reason
    this.#stream.close()
    this.#settleGreeting?.reject(gone('the greeting', reason))
    for (const id of this.#pending.keys()) {
      const pending = this.#take(id)
      pending?.reject(gone(pending.command, reason))
    }
    this.#settleClosed(reason)
    this.#listeners.clear()
  }
}

function gone(command: string, reason: string): EngineFault {
  return new EngineFault('qmp', `${command}: the connection to QEMU is closed (${reason})`)
}
