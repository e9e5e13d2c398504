import { EngineFault, type MachineEvent } from '../../engine/engine.ts'
import { AgentSession } from '../../engine/qemu/agent-session.ts'
import { boundEngineLog } from './engine-log.ts'
import type { RunLayout } from './layout.ts'
import { SerialLog } from './serial-log.ts'
import { byteStream, connectUnix } from './unix-stream.ts'

/** What the agent said before it let go may still be on its way. */
const closedGraceMs = 1_000
/**
 * Open, and said to be open again: it was closed in between (QEMU tells one change a second), or QEMU has loaded a saved
 * machine and says how it found the port.
 */
const reopenedGraceMs = 10_000

/**
 * A machine's two guest-facing connections: the agent's port (made when first used, made anew when it broke) and the
 * serial console (made at once); and the look at QEMU's own log. All end with `dispose`; none ever touches the guest.
 */
export class MachineChannels {
  #agentOpen: boolean | null = null
  readonly #layout: RunLayout
  #agent: Promise<AgentSession> | null = null
  #serial: SerialLog | null = null
  readonly #stopBounding: () => void
  #disposed = false

  constructor(layout: RunLayout, emit: (event: MachineEvent) => void) {
    this.#layout = layout
    this.#stopBounding = boundEngineLog(layout.logs.engine)
    void this.#openSerial(emit)
  }

  /** Whether the guest's agent has its port open; null until QEMU said so. */
  get agentOpen(): boolean | null {
    return this.#agentOpen
  }

  /** QEMU said so. An agent that let go of its port will not answer what it was asked; who opens it after is another. */
  noteAgentOpen(open: boolean): void {
    const graceMs = open ? reopenedGraceMs : closedGraceMs
    if (this.#agentOpen === true) void this.#agent?.then((session) => session.doubt(graceMs), () => undefined)
    this.#agentOpen = open
  }

  async agent(): Promise<AgentSession> {
    if (this.#disposed) throw new EngineFault('agent', 'The machine is gone')
    if (this.#agentOpen === false) throw new EngineFault('agent', 'The guest agent is not running in the guest')
    const current = this.#agent
    const session = await current?.catch(() => null)
    if (session !== null && session !== undefined && !session.isClosed) return session
    // The port serves one client: whoever comes second while it is being opened waits for the same session.
    if (this.#agent === current) this.#agent = this.#openAgent()
    return this.#agent ?? this.#openAgent()
  }

  dispose(): void {
    this.#disposed = true
    this.#stopBounding()
    void this.#serial?.close()
    void this.#agent?.then(
      (session) => session.close(),
      () => undefined,
    )
  }

  async #openAgent(): Promise<AgentSession> {
    try {
      const socket = await connectUnix(this.#layout.agent)
      return new AgentSession(byteStream(socket), { firstSyncId: Math.floor(Math.random() * 2 ** 31) })
    } catch (cause) {
      throw new EngineFault('agent', 'The guest agent’s port cannot be reached', { cause })
    }
  }

  async #openSerial(emit: (event: MachineEvent) => void): Promise<void> {
    try {
      const socket = await connectUnix(this.#layout.serial)
      if (this.#disposed) {
        socket.destroy()
        return
      }
      const line = (text: string) => emit({ type: 'console', line: text })
      const failed = (reason: string) => emit({ type: 'fault', text: `The serial console is no longer recorded: ${reason}` })
      this.#serial = new SerialLog(this.#layout.logs.serial, byteStream(socket), line, failed)
    } catch (error) {
      if (!this.#disposed) emit({ type: 'fault', text: `The serial console cannot be reached: ${String(error)}` })
    }
  }
}
