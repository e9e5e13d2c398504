import type { AgentState, Milestones } from '../contract/guest.ts'
import { Refusal, reasonOf } from '../contract/refusal.ts'
import type { Machine, MachineEvent } from '../engine/engine.ts'
import { type AgentFacts, AgentWatch } from './agent-watch.ts'
import type { GuestControls } from './controls-port.ts'
import { firstCard } from './cards.ts'
import type { GuestDefinition } from './definition.ts'

export interface RunPorts {
  readonly controls: GuestControls
  definition(): GuestDefinition
  /** After a warm or restored start, as soon as the agent answers: clock, nonce, host name. */
  awaken(machine: Machine): Promise<void>
  message(level: 'info' | 'warning' | 'error', text: string): void
  /** A client could see a difference. */
  changed(): void
  /** Every event of the machine, as it comes. */
  observed(event: MachineEvent): void
  nowMs(): number
}

/** How often a guest is told that it slept before it counts as one that cannot be told. */
const awakenTries = 3
const noMilestones: Milestones = { runningMs: null, screenLiveMs: null, addressMs: null, agentMs: null, webAnsweringMs: null }
const noFacts: AgentFacts = { os: null, hostName: null, ipv6: null }

/**
 * One guest's run: the machine while there is one, and what is known of it. Owned by the guest's owner, who alone calls it.
 * Between runs it keeps the last one's milestones and facts, and has no machine.
 */
export class GuestRun {
  readonly #ports: RunPorts
  #machine: Machine | null = null
  #unsubscribe: () => void = () => undefined
  #agentWatch: AgentWatch | null = null
  #facts: AgentFacts = noFacts
  #ipv4: string | null = null
  #milestones: Milestones = noMilestones
  #exited: (() => void)[] = []

  constructor(ports: RunPorts) {
    this.#ports = ports
  }

  get machine(): Machine | null {
    return this.#machine
  }

  get agentState(): AgentState {
    return this.#agentWatch?.state ?? 'absent'
  }

  get facts(): AgentFacts {
    return this.#facts
  }

  get ipv4(): string | null {
    return this.#ipv4
  }

  get milestones(): Milestones {
    return this.#milestones
  }

  /** A new run is coming: what was known is of the last one. */
  begin(): void {
    this.#milestones = noMilestones
    this.#facts = noFacts
    this.#ipv4 = null
  }

  /** Takes the machine over: events, settings, agent. */
  async attach(machine: Machine): Promise<void> {
    this.#machine = machine
    this.#unsubscribe = machine.subscribe((event) => {
      if (event.type === 'paused') this.#agentWatch?.paused()
      if (event.type === 'resumed') this.#agentWatch?.resumed()
      this.#ports.observed(event)
    })
    const settled = this.#ports.controls.attach(machine).catch((error: unknown) => this.#ports.message('warning', `settings are not all in force: ${reasonOf(error)}`))
    if (machine.boot !== 'cloned') await settled // a clone's are at rest, and its agent is there already
    if (this.#machine !== machine) return // it ended meanwhile
    this.#agentWatch = new AgentWatch(machine.agent, firstCard(this.#ports.definition()).mac, {
      changed: (state, facts) => {
        if (state === 'live') this.#ports.controls.agentAnswers()
        this.#facts = facts
        this.#ports.changed()
      },
      firstAnswer: async () => {
        this.reach('agentMs')
        if (machine.boot !== 'cold' && !machine.awakened) await this.#awaken(machine)
      },
      clockBehind: (reason) => this.#ports.message('warning', `its clock stood still and could not be set: ${reasonOf(reason)}`),
      nowMs: () => this.#ports.nowMs(),
      thawed: () => this.#ports.message('info', 'its file systems had been left frozen, and were thawed'),
    })
  }

  /** Tells the guest that it slept; again where it did not answer in time, as on a busy computer: a clone would keep another's name. */
  async #awaken(machine: Machine): Promise<void> {
    for (let tries = 1; this.#machine === machine; tries += 1) {
      try {
        await this.#ports.awaken(machine)
        machine.noteAwakened()
        return
      } catch (error) {
        if (tries < awakenTries) continue
        this.#ports.message('warning', `was not told that it slept: ${reasonOf(error)}`)
        return
      }
    }
  }

  /** The machine is gone. */
  end(): void {
    if (this.#machine === null) return
    this.#unsubscribe()
    this.#agentWatch?.stop()
    this.#agentWatch = null
    this.#machine = null
    this.#ports.controls.detach()
    for (const resolve of this.#exited.splice(0)) resolve()
  }

  /** Lets go of the machine without touching it. */
  dispose(): void {
    this.#unsubscribe()
    this.#agentWatch?.stop()
    this.#ports.controls.detach()
    this.#machine?.dispose()
  }

  /** The machine for an action that needs one; it may have ended since the request was accepted. */
  demand(): Machine {
    if (this.#machine === null) throw new Refusal('wrong-state', this.#ports.definition().name, 'it is not running any more')
    return this.#machine
  }

  /** Resolves when the machine is gone; rejects with the signal's reason. */
  whenGone(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#machine === null) resolve()
      this.#exited.push(resolve)
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
  }

  /** Asks the agent again now. */
  pokeAgent(): void {
    this.#agentWatch?.poke()
  }

  addressSeen(ipv4: string | null): void {
    this.#ipv4 = ipv4
    if (ipv4 !== null) this.reach('addressMs')
  }

  reach(milestone: keyof Milestones): void {
    if (this.#machine === null || this.#milestones[milestone] !== null) return
    this.#milestones = { ...this.#milestones, [milestone]: Math.round(this.#ports.nowMs() - this.#machine.startedAtMs) }
    this.#ports.changed()
  }
}
