import { connect, type Socket } from 'node:net'
import type { z } from 'zod'
import { SwitchFault, type LinkChange, type LinkState, type NetworkInfo, type PortDefinition, type PortLease, type SwitchClient, type SwitchEvent, type SwitchFaultCode, type SwitchStatistics } from '../../network/client.ts'
import { AnyGreeting, ControlMessage, ControlResult, Greeting, MAX_LINE_BYTES, PROTOCOL_VERSION, type ControlMethod } from '../../network/control-protocol.ts'
import type { GuestName, NetworkName } from '../../contract/names.ts'
import { LineReader, parseJson } from './json-lines.ts'

/** How long a running switch may take to greet. */
const GREETING_TIMEOUT_MS = 5_000
/** As long as QEMU has: of a change that was given up too early nobody knows whether it holds. */
const ANSWER_TIMEOUT_MS = 30_000

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (fault: SwitchFault) => void
  readonly timer: NodeJS.Timeout
}

/** Connects to a switch's control socket and waits for its greeting. Rejects with SwitchFault: 'other-version' or 'unreachable'. */
export function connectControl(path: string): Promise<ControlClient> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const fail = (reason: string, cause?: unknown, code: SwitchFaultCode = 'unreachable') => {
      socket.destroy()
      reject(new SwitchFault(code, `the switch at ${path} ${reason}`, { cause }))
    }
    const reader = new LineReader(MAX_LINE_BYTES)
    const timer = setTimeout(() => fail(`did not greet within ${GREETING_TIMEOUT_MS} ms`), GREETING_TIMEOUT_MS)
    socket.on('error', (error) => {
      clearTimeout(timer)
      fail(`cannot be reached: ${error.message}`, error)
    })
    socket.on('close', () => {
      clearTimeout(timer)
      fail('closed the connection without a greeting')
    })
    socket.on('data', function greet(chunk: Buffer) {
      const [line, ...rest] = reader.push(chunk) ?? ['']
      if (line === undefined) return
      clearTimeout(timer)
      const said = parseJson(line)
      const anyVersion = AnyGreeting.safeParse(said)
      if (anyVersion.success && anyVersion.data.version !== PROTOCOL_VERSION) return fail(`speaks version ${anyVersion.data.version} of its protocol, not ${PROTOCOL_VERSION}`, undefined, 'other-version')
      const greeting = Greeting.safeParse(said)
      if (!greeting.success) return fail('does not greet as a switch')
      socket.removeAllListeners()
      resolve(new ControlClient(socket, greeting.data, reader, rest))
    })
  })
}

/** The host's side of the control socket. */
export class ControlClient implements SwitchClient {
  readonly greeting: Greeting
  readonly #socket: Socket
  readonly #reader: LineReader
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Set<(event: SwitchEvent) => void>()
  #nextId = 1
  #closed: string | null = null
  #disposed = false
  #subscribed = false

  constructor(socket: Socket, greeting: Greeting, reader: LineReader, lines: readonly string[]) {
    this.greeting = greeting
    this.#socket = socket
    this.#reader = reader
    socket.on('data', (chunk: Buffer) => this.#heard(this.#reader.push(chunk)))
    socket.on('error', () => {})
    socket.on('close', () => this.#ended('the switch closed its control socket'))
    this.#heard([...lines])
  }

  get processId(): number {
    return this.greeting.processId
  }
  get subnet(): string {
    return this.greeting.subnet
  }
  get gateway(): string {
    return this.greeting.gateway
  }
  get domain(): string {
    return this.greeting.domain
  }

  definePort(port: PortDefinition): Promise<PortLease> {
    return this.#ask('definePort', port)
  }

  async removePort(guest: GuestName, network?: NetworkName): Promise<void> {
    await this.#ask('removePort', { guest, network })
  }

  createNetwork(name: NetworkName, subnet: string): Promise<NetworkInfo> {
    return this.#ask('createNetwork', { name, subnet })
  }

  async removeNetwork(name: NetworkName): Promise<void> {
    await this.#ask('removeNetwork', { name })
  }

  networks(): Promise<NetworkInfo[]> {
    return this.#ask('networks', {})
  }

  setLink(guest: GuestName, change: LinkChange, network?: NetworkName): Promise<LinkState> {
    return this.#ask('setLink', { guest, change, network })
  }

  ports() {
    return this.#ask('ports', {})
  }

  requests(limit: number) {
    return this.#ask('requests', { limit })
  }

  statistics(): Promise<SwitchStatistics> {
    return this.#ask('statistics', {})
  }

  subscribe(listener: (event: SwitchEvent) => void): () => void {
    const entry = (event: SwitchEvent) => listener(event)
    this.#listeners.add(entry)
    if (this.#closed !== null) queueMicrotask(() => this.#listeners.has(entry) && entry({ type: 'closed', reason: this.#closed ?? '' }))
    else if (!this.#subscribed) {
      this.#subscribed = true
      this.#ask('subscribe', {}).catch(() => {}) // a switch that is gone is told by `closed`
    }
    return () => this.#listeners.delete(entry)
  }

  async shutdown(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()))
    await this.#ask('shutdown', {})
    await gone
  }

  dispose(): void {
    this.#disposed = true
    this.#listeners.clear()
    this.#socket.destroy()
  }

  #ask<Method extends ControlMethod>(method: Method, params: object): Promise<z.infer<(typeof ControlResult)[Method]>> {
    const closed = this.#disposed ? 'this client was disposed' : this.#closed
    if (closed !== null) return Promise.reject(new SwitchFault('unreachable', `the switch cannot be asked: ${closed}`, { remedy: 'start the network again' }))
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new SwitchFault('unreachable', `the switch did not answer ${method} within ${ANSWER_TIMEOUT_MS} ms`))
      }, ANSWER_TIMEOUT_MS)
      const settle = (value: unknown) => {
        const result = ControlResult[method].safeParse(value)
        // The schema is chosen by `method`, which TypeScript cannot follow through the union.
        if (result.success) resolve(result.data as z.infer<(typeof ControlResult)[Method]>)
        else reject(new SwitchFault('unreachable', `the switch answered ${method} with something else`, { cause: result.error }))
      }
      this.#waiting.set(id, { resolve: settle, reject, timer })
      this.#socket.write(`${JSON.stringify({ id, method, params })}\n`)
    })
  }

  #heard(lines: string[] | null): void {
    if (lines === null) this.#socket.destroy()
    for (const line of lines ?? []) {
      const message = ControlMessage.safeParse(parseJson(line))
      if (!message.success) continue
      if ('event' in message.data) this.#tell(message.data.event)
      else if (message.data.id !== null) this.#settle(message.data.id, message.data)
    }
  }

  #settle(id: number, message: { result: unknown } | { error: { code: SwitchFault['code']; message: string } }): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    if ('error' in message) waiting.reject(new SwitchFault(message.error.code, message.error.message))
    else waiting.resolve(message.result)
  }

  #tell(event: SwitchEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  #ended(reason: string): void {
    this.#closed = reason
    for (const [id, waiting] of this.#waiting) {
      this.#waiting.delete(id)
      clearTimeout(waiting.timer)
      waiting.reject(new SwitchFault('unreachable', `the switch cannot be asked: ${reason}`))
    }
    if (!this.#disposed) this.#tell({ type: 'closed', reason })
  }
}
