import { EngineFault } from '../engine.ts'
import type { ByteStream } from './byte-stream.ts'
import { asNumber, asObject, asString, parseJson, type Json, type JsonObject } from './json.ts'
import { LineDecoder } from './line-decoder.ts'

const delimiter = 0xff

/** The agent understood and said no. */
export class AgentRefusal extends EngineFault {
  constructor(command: string, reason: string) {
    super('agent', `The guest agent refused ${command}: ${reason.slice(0, 500)}`, /has been disabled/.test(reason) && !/frozen/.test(reason) ? { remedy: allowing } : {})
  }
}

/** Fedora and RHEL ship the agent so that it runs no programs and opens no files. */
const allowing = 'Allow it in the guest: take it out of BLACKLIST_RPC (or into --allow-rpcs) in /etc/sysconfig/qemu-ga, then: systemctl restart qemu-guest-agent'

const maximumWaiting = 32
/** What is sent to a port that the guest is just opening may be lost: a sync that is not answered is sent again. */
const syncAgainMs = 5_000
/** An agent answers a request with one line; after a time-out a few late ones may come first. */
const maximumLinesPerRequest = 1_000
/** The longest answer, and what may still come of those before it. */
const maximumBytesPerRequest = 32 << 20
/** What a line costs to parse goes by its values: a few megabytes of nested brackets would hold the host up for seconds. */
const maximumValuesPerLine = 65_536
/** `,`, `[` and `{`: each value but the first of an array or object has a comma before it. */
const valueMarks = [0x2c, 0x5b, 0x7b]

/**
 * One connection to a qemu-guest-agent (docs/interop/qemu-ga-ref, guest-sync-delimited). The agent is guest software:
 * it may be silent, late, or hostile. So: one request at a time; every wait is bounded, the wait for one's turn included; lines
 * are bounded, in length, content and number (a flood closes the connection: reading it would take the host's time); answers that
 * nobody waits for are dropped; and after a time-out nothing is believed until a fresh `guest-sync-delimited` came back.
 *
 *   unsynced --sync answered--> synced --time-out, junk, too long, agent gone--> unsynced ;  any --stream closed--> closed
 */
export class AgentSession {
  readonly #stream: ByteStream
  #synced = false
  #closedReason: string | null = null
  #waiter: ((message: JsonObject | EngineFault) => void) | null = null
  /** Ends the wait of today's waiter, if it is doubted. */
  #doubting: unknown = null
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #linesSinceRequest = 0
  #bytesSinceRequest = 0
  /** A fresh number per sync; the start is arbitrary so that answers to an earlier host's syncs do not match. */
  #syncId: number

  constructor(stream: ByteStream, options: { firstSyncId: number; maximumLineBytes?: number }) {
    this.#stream = stream
    this.#syncId = options.firstSyncId
    const lines = new LineDecoder({
      maximumBytes: options.maximumLineBytes ?? 8 << 20,
      line: (line) => this.#receive(line),
      tooLong: () => this.#refuseAnswer(),
    })
    stream.onData = (chunk) => {
      this.#bytesSinceRequest += chunk.length
      if (this.#bytesSinceRequest > maximumBytesPerRequest) this.#hangUp()
      else lines.push(chunk)
    }
    stream.onClose = (reason) => this.#end(reason)
  }

  get isClosed(): boolean {
    return this.#closedReason !== null
  }

  /**
   * Resolves with the agent's `return` value; rejects with EngineFault('agent'). Requests wait their turn in order; one whose
   * time is up before that is never sent.
   */
  call(command: string, parameters: JsonObject | undefined, timeoutMs: number): Promise<Json> {
    if (this.#waiting >= maximumWaiting) return Promise.reject(new EngineFault('agent', 'The guest agent is busy: too many requests wait for it'))
    this.#waiting++
    const deadline = performance.now() + timeoutMs
    return new Promise((resolve, reject) => {
      const tooLate = () => reject(unanswered(timeoutMs))
      const timer = setTimeout(tooLate, timeoutMs)
      const perform = async () => {
        clearTimeout(timer)
        if (performance.now() < deadline) resolve(await this.#perform(command, parameters, deadline, timeoutMs))
        else tooLate()
      }
      this.#tail = this.#tail.then(perform).catch(reject).finally(() => void this.#waiting--)
    })
  }

  /** The agent that is to answer may be gone: whoever waits for it is told so, unless the answer comes within `graceMs`. */
  doubt(graceMs: number): void {
    this.#synced = false
    if (this.#waiter === null) return
    const tell = () => this.#waiter?.(new EngineFault('agent', 'The guest agent ended before it answered', { remedy: 'Try again: the guest may have started it anew.' }))
    clearTimeout(this.#doubting)
    this.#doubting = setTimeout(tell, graceMs)
  }

  close(): void {
    this.#stream.close()
    this.#end('closed by Diptych')
  }

  async #perform(command: string, parameters: JsonObject | undefined, deadline: number, timeoutMs: number): Promise<Json> {
    if (!this.#synced) await this.#sync(deadline, timeoutMs)
    this.#write(parameters === undefined ? { execute: command } : { execute: command, arguments: parameters })
    const message = await this.#next(deadline, timeoutMs)
    if ('return' in message) return message['return'] ?? null
    if ('error' in message) throw new AgentRefusal(command, asString(asObject(message['error'])['desc']) ?? 'no reason given')
    this.#synced = false
    throw new EngineFault('agent', `The guest agent answered ${command} with something that is no answer`)
  }

  async #sync(deadline: number, timeoutMs: number): Promise<void> {
    const first = this.#syncId
    const ask = () => this.#write({ execute: 'guest-sync-delimited', arguments: { id: this.#syncId++ } }, true)
    ask()
    const timer = setInterval(ask, syncAgainMs)
    // The answer may come in one piece with what is to be passed over: an agent says first that it cannot parse 0xFF.
    const isLast = (message: JsonObject) => {
      const id = asNumber(message['return'])
      if (id !== null && id >= first && id < this.#syncId) clearInterval(timer) // it is only slow: the other answers follow
      return id === this.#syncId - 1
    }
    try {
      await this.#next(deadline, timeoutMs, isLast)
    } finally {
      clearInterval(timer)
    }
    this.#synced = true
  }

  #write(message: JsonObject, delimited = false): void {
    this.#linesSinceRequest = 0
    this.#bytesSinceRequest = 0
    const text = new TextEncoder().encode(`${JSON.stringify(message)}\n`)
    // The 0xFF before the request makes the agent's own parser drop a half-written one.
    this.#stream.write(delimited ? Uint8Array.of(delimiter, ...text) : text)
  }

  /** The next message that `isAwaited`; the others are dropped. */
  #next(deadline: number, timeoutMs: number, isAwaited: (message: JsonObject) => boolean = () => true): Promise<JsonObject> {
    if (this.#closedReason !== null) return Promise.reject(new EngineFault('agent', `The guest agent's port is closed (${this.#closedReason})`))
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#synced = false
        settle(unanswered(timeoutMs))
      }, Math.max(0, deadline - performance.now()))
      const settle = (message: JsonObject | EngineFault) => {
        if (!(message instanceof EngineFault) && !isAwaited(message)) return
        this.#waiter = null
        clearTimeout(timer)
        clearTimeout(this.#doubting)
        if (message instanceof EngineFault) reject(message)
        else resolve(message)
      }
      this.#waiter = settle
    })
  }

  #receive(line: Uint8Array): void {
    if (this.#closedReason !== null) return
    if (++this.#linesSinceRequest > maximumLinesPerRequest) return this.#hangUp()
    if (this.#waiter === null) return
    if (holdsTooMuch(line)) return this.#refuseAnswer()
    const start = line.lastIndexOf(delimiter) + 1
    const value = parseJson(new TextDecoder().decode(line.subarray(start)))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return
    this.#waiter(value)
  }

  #refuseAnswer(): void {
    this.#synced = false
    this.#waiter?.(new EngineFault('agent', 'The guest agent sent more than an answer may hold'))
  }

  #hangUp(): void {
    this.#end('it sent more than anybody asked for')
    this.#stream.close()
  }

  #end(reason: string): void {
    if (this.#closedReason !== null) return
    this.#closedReason = reason
    this.#waiter?.(new EngineFault('agent', `The guest agent's port was closed (${reason})`))
  }
}

function unanswered(timeoutMs: number): EngineFault {
  return new EngineFault('agent', `The guest agent did not answer within ${Math.round(timeoutMs)} ms`)
}

function holdsTooMuch(line: Uint8Array): boolean {
  if (line.length <= maximumValuesPerLine) return false
  let values = 0
  for (const mark of valueMarks) for (let at = line.indexOf(mark); at !== -1; at = line.indexOf(mark, at + 1)) if (++values > maximumValuesPerLine) return true
  return false
}
