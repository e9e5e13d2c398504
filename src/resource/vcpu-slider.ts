import type { Machine, VcpuReading } from '../engine/engine.ts'
import { Follower } from './follower.ts'
import type { Following, Limits } from './readings.ts'

export interface VcpuPorts {
  limits(): Limits
  changed(): void
  nowMs(): number
}

const followPollMs = 250
/** A guest under load takes many seconds to bring a vCPU up. */
const patienceMs = 20_000
/** A guest that did not follow, its agent busy or not there yet, is asked again after this long. */
const askAgainAfterMs = 30_000

/** The vCPUs of one running guest: asked for, plugged by the engine, brought online by the guest. */
export class VcpuSlider {
  readonly #ports: VcpuPorts
  readonly #follower: Follower
  #machine: Machine | null = null
  #reading: VcpuReading | null = null
  #asked: { readonly count: number; readonly atMs: number } | null = null

  constructor(ports: VcpuPorts) {
    this.#ports = ports
    this.#follower = new Follower(ports.nowMs)
  }

  get reading(): VcpuReading | null {
    return this.#reading
  }

  get following(): Following {
    return this.#follower.state
  }

  attach(machine: Machine, requested: number | null): void {
    this.#machine = machine
    if (requested === null) void this.refresh()
    else void this.ask(requested)
  }

  detach(): void {
    this.#machine = null
    this.#reading = null
    this.#asked = null
    this.#follower.end()
  }

  /** Resolves when the guest has followed, or has stopped short; a machine that fails is one that does not follow. */
  async ask(count: number): Promise<void> {
    const machine = this.#machine
    if (machine === null) return
    this.#asked = { count, atMs: this.#ports.nowMs() }
    const { kind, plugUnavailable } = this.#ports.limits()
    if (kind === 'windows' || plugUnavailable !== null) {
      const plugged = (await this.refresh())?.plugged ?? null
      if (this.#machine !== machine) return // it ended meanwhile
      if (plugged !== null && plugUnavailable !== null && count > plugged) return this.#follower.end({ status: 'settled', note: `${count} from its next start: ${plugUnavailable}` })
      if (plugged !== null && kind === 'windows' && count < plugged) return this.#follower.end({ status: 'not-followed', note: `Windows gives no vCPU back while it runs: it has ${plugged} until its next start` })
    }
    await this.#follower.follow({
      pollMs: followPollMs,
      patienceMs,
      read: async () => {
        await machine.setVcpus(count)
        const reading = await this.refresh()
        return reading === null ? null : (reading.online ?? reading.plugged)
      },
      arrived: (online) => online === count,
      stopped: () => this.#whyNot(),
    })
    this.#ports.changed()
  }

  /** Asks engine and guest again; a guest that had not followed is asked to once more. */
  async look(): Promise<void> {
    const reading = await this.refresh()
    const asked = this.#asked
    if (reading === null || asked === null || this.#follower.state.status !== 'not-followed' || this.#ports.limits().kind === 'windows') return
    if (reading.online === asked.count) this.#follower.end()
    else if (this.#ports.nowMs() - asked.atMs > patienceMs + askAgainAfterMs) void this.ask(asked.count)
  }

  async refresh(): Promise<VcpuReading | null> {
    const machine = this.#machine
    const told = await machine?.vcpus().catch(() => null) // a machine that ends is told by its own event
    if (told === null || told === undefined || this.#machine !== machine) return null
    const before = this.#reading
    // How many are online is the guest's word: it counts as a promise of this computer, and goes no further than the engine's.
    const reading = { ...told, online: told.online === null ? null : Math.min(told.online, told.plugged) }
    this.#reading = reading
    if (before?.plugged !== reading.plugged || before.online !== reading.online) this.#ports.changed()
    return reading
  }

  #whyNot(): string {
    const { plugged = 0, online = null } = this.#reading ?? {}
    if (online === null) return `the guest has ${plugged} vCPUs plugged; its agent, which would have to change how many it uses, does not answer`
    return `the guest has not followed: it uses ${online} of the ${plugged} vCPUs plugged`
  }
}
