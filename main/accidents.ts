import { reasonOf } from '../src/contract/refusal.ts'
import type { HostLogger } from './host-types.ts'

export interface AccidentPorts {
  /** The log on disk; opened only when there is something to write. */
  readonly log: () => HostLogger
  readonly logPath: string
  /** Tells the person of a failure that everything else goes on after. */
  told(text: string): void
  /** Begins an orderly end: sockets closed, records kept, the lock given back. Guests are left running. */
  end(text: string): void
  /** Ends the process whatever is still open. */
  exit(): void
  /** How long an orderly end may take. Default 15 s. */
  readonly patienceMs?: number
}

/**
 * What nobody caught, in a process that may have a host. QEMU and the switch are processes of their own, which the next
 * host adopts, so neither may hurt a guest:
 * - a promise that was rejected unheard leaves everything else as it was: it is written down, told, and the host goes on;
 * - after an exception that nobody caught the state of the process is unknown: it ends, in order while that goes, and at
 *   once when it does not.
 * https://nodejs.org/api/process.html#warning-using-uncaughtexception-correctly
 */
export class Accidents {
  readonly #ports: AccidentPorts
  readonly #seen = new Map<string, number>()
  #isEnding = false

  constructor(ports: AccidentPorts) {
    this.#ports = ports
  }

  /** The process is ending because of one. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  /** For the life of the process. */
  watch(source: Pick<NodeJS.Process, 'on'> = process): void {
    source.on('unhandledRejection', (reason) => this.rejected(reason))
    source.on('uncaughtException', (error) => this.thrown(error))
  }

  /** The same again and again is written at its 1st, 10th, 100th time and told once: neither log nor person is flooded. */
  rejected(reason: unknown): void {
    const place = placeOf(reason)
    const count = (this.#seen.get(place) ?? 0) + 1
    if (count === 1 && this.#seen.size >= mostPlaces) this.#seen.clear()
    this.#seen.set(place, count)
    if (!/^10*$/.test(String(count))) return
    this.#write(reason, `a promise was rejected and nobody heard it (time ${count})`)
    if (count === 1) this.#tell(() => this.#ports.told(`Something inside Diptych failed: ${reasonOf(reason)}. Everything else goes on. Details are in ${this.#ports.logPath}`))
  }

  thrown(error: unknown): void {
    this.#write(error, 'an exception was not caught: the host ends')
    if (this.#isEnding) return
    this.#isEnding = true
    setTimeout(() => this.#ports.exit(), this.#ports.patienceMs ?? 15_000)
    const text = `Diptych has to end because of an error inside it: ${reasonOf(error)}. Running guests are kept, and the next start takes them up again. Details are in ${this.#ports.logPath}`
    if (!this.#tell(() => this.#ports.end(text))) this.#ports.exit()
  }

  #write(error: unknown, message: string): void {
    const { stack } = error instanceof Error ? error : new Error(`not an error was thrown: ${String(error)}`)
    this.#tell(() => this.#ports.log().error({ stack, cause: causeOf(error) }, message))
  }

  /** A full disk or a closed terminal must not make an accident of an accident. */
  #tell(work: () => void): boolean {
    try {
      work()
      return true
    } catch {
      return false
    }
  }
}

/** More different ones than this are not told apart any longer. */
const mostPlaces = 1_000

/** Where it was thrown, for messages of the same place differ by names and numbers. */
function placeOf(reason: unknown): string {
  return (reason instanceof Error && /^\s+at .*$/m.exec(reason.stack ?? '')?.[0]) || reasonOf(reason)
}

function causeOf(error: unknown): string | undefined {
  return error instanceof Error && error.cause instanceof Error ? error.cause.stack : undefined
}
