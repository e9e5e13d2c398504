import type { ControlChange, ControlName, ControlResult } from '../contract/control.ts'
import type { AgentState, ClipboardMode, GuestState, GuestUpdate, GuestView, Milestones } from '../contract/guest.ts'
import { Refusal, Cancelled, Fault, reasonOf } from '../contract/refusal.ts'
import type { Machine, MachineEvent, MachineSpec, MachineStatus, StartOptions } from '../engine/engine.ts'
import { type AgentFacts, AgentWatch } from './agent-watch.ts'
import type { GuestControls } from './controls-port.ts'
import type { GuestDefinition } from './definition.ts'
import { isAllowed, refusalReason } from './lifecycle.ts'
import { type LifecycleAction, type Request, RequestQueue } from './queue.ts'
import { composeView, isSameView } from './view.ts'

/** How to begin a run: warm from a state, cold but savable for one, or plain cold. */
export type BootChoice = 'auto' | 'warm' | 'cold'

export interface OwnerPorts {
  readonly controls: GuestControls
  /** Makes disk, port and specification ready and says from what to start. Throws Fault/MissingPrerequisite. */
  prepare(definition: GuestDefinition, boot: BootChoice, signal: AbortSignal): Promise<{ spec: MachineSpec; from: StartOptions['from'] }>
  startMachine(spec: MachineSpec, options: StartOptions): Promise<Machine>
  /** After a warm start, as soon as the agent answers: clock, nonce, host name. */
  awaken(machine: Machine): Promise<void>
  published(update: GuestUpdate): void
  message(level: 'info' | 'warning' | 'error', text: string): void
  saveClipboard(mode: ClipboardMode): void
  nowMs(): number
}

interface Waiter {
  resolve(): void
  reject(error: unknown): void
}

const noMilestones: Milestones = { runningMs: null, screenLiveMs: null, addressMs: null, webAnsweringMs: null }

/**
 * The one owner of one guest. Every request, from any client, and every event of its machine passes through here;
 * nobody else calls the machine's methods that change it. State is published with a generation rising by one.
 *
 * Owns: the request queue, the machine of the current run (null between runs), the agent watch.
 */
export class GuestOwner {
  readonly #ports: OwnerPorts
  readonly #queue: RequestQueue
  readonly #waiters = new Map<number, Waiter>()
  readonly #boots = new Map<number, BootChoice>()
  readonly #stopTimeouts = new Map<number, number>()
  #definition: GuestDefinition
  #machine: Machine | null = null
  #unsubscribe: () => void = () => undefined
  #agentWatch: AgentWatch | null = null
  #abort: AbortController | null = null
  #detail: string | null = null
  #facts: AgentFacts = { os: null, hostName: null, ipv6: null }
  #ipv4: string | null = null
  #milestones: Milestones = noMilestones
  #exited: (() => void)[] = []
  #generation = 1
  #published: GuestView | null = null

  constructor(definition: GuestDefinition, ports: OwnerPorts) {
    this.#definition = definition
    this.#ports = ports
    this.#queue = new RequestQueue('defined')
  }

  get definition(): GuestDefinition {
    return this.#definition
  }

  get machine(): Machine | null {
    return this.#machine
  }

  get state(): GuestState {
    return this.#queue.state
  }

  get milestones(): Milestones {
    return this.#milestones
  }

  get agentState(): AgentState {
    return this.#agentWatch?.state ?? 'absent'
  }

  /** Asks for a lifecycle action; resolves when it is done (or was so already), rejects with Refusal or Fault. */
  async request(action: LifecycleAction, options: { boot?: BootChoice; timeoutMs?: number } = {}): Promise<'done' | 'already'> {
    const decision = this.#queue.submit(action)
    if (decision.kind === 'already') {
      await this.#whenIdle()
      return 'already'
    }
    if (decision.kind === 'refused') throw new Refusal(decision.code, this.#definition.name, decision.reason)
    for (const id of decision.discarded) this.#settle(id, new Refusal('busy', this.#definition.name, 'a force stop came first'))
    if (decision.abort !== null) this.#abort?.abort(new Cancelled(`the ${this.#queue.current?.action ?? 'request'} of ${this.#definition.name}`))
    this.#boots.set(decision.id, options.boot ?? 'auto')
    this.#stopTimeouts.set(decision.id, options.timeoutMs ?? 60_000)
    const done = new Promise<void>((resolve, reject) => this.#waiters.set(decision.id, { resolve, reject }))
    this.#drain()
    await done
    return 'done'
  }

  /** Takes over a machine that an earlier host left running. */
  async adopt(machine: Machine, status: MachineStatus): Promise<void> {
    this.#queue.observe(status === 'paused' ? 'paused' : 'running')
    await this.#attach(machine)
    this.#milestones = { ...noMilestones }
    this.publish()
  }

  async setControls(change: ControlChange, waitMs: number): Promise<Partial<Record<ControlName, ControlResult>>> {
    this.#demand('set')
    const results = await this.#ports.controls.apply(change, waitMs)
    this.publish()
    return results
  }

  /** Takes over what was changed in the definition; a run that is under way keeps what it was started with. */
  redefine(change: Partial<GuestDefinition>): void {
    this.#definition = { ...this.#definition, ...change }
    this.publish()
  }

  async setClipboard(mode: ClipboardMode): Promise<void> {
    await this.#machine?.setClipboard(mode)
    this.#definition = { ...this.#definition, clipboard: mode }
    this.#ports.saveClipboard(mode)
    this.publish()
  }

  /** The running machine for an action that only reads or types; throws Refusal when the state does not allow it. */
  demandMachine(action: 'sendKeys' | 'screenshot' | 'exec'): Machine {
    this.#demand(action)
    if (this.#machine === null) throw new Refusal('wrong-state', this.#definition.name, refusalReason(action, 'stopped'))
    if (action === 'exec' && this.agentState !== 'live') {
      throw new Refusal('agent-needed', this.#definition.name, 'the guest agent does not answer', 'wait until the guest is up, or install qemu-guest-agent in it')
    }
    return this.#machine
  }

  /** The switch bound or learned the guest's address. */
  addressSeen(ipv4: string | null): void {
    this.#ipv4 = ipv4
    if (ipv4 !== null) this.#reach('addressMs')
    this.publish()
  }

  /** The guest's web server was seen answering another guest. */
  webSeen(): void {
    this.#reach('webAnsweringMs')
  }

  view(): GuestView {
    return composeView({
      definition: this.#definition,
      state: this.#queue.state,
      detail: this.#detail,
      stopDeadline: null,
      agent: this.agentState,
      machine: this.#machine,
      milestones: this.#milestones,
      facts: this.#facts,
      ipv4: this.#ipv4,
      linkUp: this.#ports.controls.linkUp(),
      link: this.#ports.controls.link(),
      controls: this.#ports.controls.describe(),
    })
  }

  current(): GuestUpdate {
    return { generation: this.#generation, view: this.view() }
  }

  /** Publishes the view if a client could see a difference. */
  publish(): void {
    const view = this.view()
    if (this.#published !== null && isSameView(this.#published, view)) return
    if (this.#published !== null) this.#generation += 1
    this.#published = view
    this.#ports.published({ generation: this.#generation, view })
  }

  /** Lets go of the machine without touching it. */
  dispose(): void {
    this.#unsubscribe()
    this.#agentWatch?.stop()
    this.#ports.controls.detach()
    this.#machine?.dispose()
  }

  #drain(): void {
    const request = this.#queue.take()
    if (request === null) return
    this.#detail = null
    this.publish()
    void this.#carryOut(request).then(
      (state) => this.#finish(request, state, null),
      (error: unknown) => this.#finish(request, this.#stateAfterFailure(request, error), error),
    )
  }

  #finish(request: Request, state: GuestState, error: unknown): void {
    this.#abort = null
    this.#queue.finish(request.id, state)
    this.publish()
    this.#settle(request.id, error)
    this.#drain()
  }

  #settle(id: number, error: unknown): void {
    const waiter = this.#waiters.get(id)
    this.#waiters.delete(id)
    this.#boots.delete(id)
    this.#stopTimeouts.delete(id)
    if (error === null) waiter?.resolve()
    else waiter?.reject(error)
  }

  async #whenIdle(): Promise<void> {
    const current = this.#queue.waiting.at(-1) ?? this.#queue.current
    if (current === null) return
    const waiter = this.#waiters.get(current.id)
    if (waiter === undefined) return
    await new Promise<void>((resolve, reject) => {
      this.#waiters.set(current.id, {
        resolve: () => {
          waiter.resolve()
          resolve()
        },
        reject: (error) => {
          waiter.reject(error)
          reject(error instanceof Error ? error : new Fault('host', reasonOf(error)))
        },
      })
    })
  }

  #stateAfterFailure(request: Request, error: unknown): GuestState {
    if (this.#machine !== null) return this.#queue.state === 'paused' ? 'paused' : 'running'
    if (request.action !== 'start') return 'stopped'
    if (error instanceof Cancelled) return 'stopped'
    this.#detail = reasonOf(error)
    return 'failed'
  }

  async #carryOut(request: Request): Promise<GuestState> {
    switch (request.action) {
      case 'start':
        return this.#start(this.#boots.get(request.id) ?? 'auto')
      case 'stop':
        return this.#stop(this.#stopTimeouts.get(request.id) ?? 60_000)
      case 'forceStop':
        return this.#forceStop()
      case 'pause':
        await this.#running().pause()
        return 'paused'
      case 'resume':
        await this.#running().resume()
        this.#agentWatch?.poke()
        return 'running'
      case 'reset':
        await this.#running().reset()
        return this.#queue.state
    }
  }

  async #start(boot: BootChoice): Promise<GuestState> {
    const abort = new AbortController()
    this.#abort = abort
    this.#milestones = noMilestones
    this.#facts = { os: null, hostName: null, ipv6: null }
    this.#ipv4 = null
    const { spec, from } = await this.#ports.prepare(this.#definition, boot, abort.signal)
    abort.signal.throwIfAborted()
    const machine = await this.#ports.startMachine(spec, { from, signal: abort.signal })
    await this.#attach(machine)
    if (this.#machine === null) throw new Fault('guest', this.#detail ?? 'it ended while it was starting')
    this.#reach('runningMs')
    if (machine.boot === 'warm') this.#reach('screenLiveMs')
    this.#ports.message('info', `started ${machine.boot === 'warm' ? 'warm' : 'cold'}`)
    return 'running'
  }

  async #attach(machine: Machine): Promise<void> {
    this.#machine = machine
    this.#unsubscribe = machine.subscribe((event) => this.#observe(event))
    await this.#ports.controls.attach(machine).catch((error: unknown) => this.#ports.message('warning', `settings are not all in force: ${reasonOf(error)}`))
    if (this.#machine !== machine) return // it ended meanwhile
    this.#agentWatch = new AgentWatch(machine.agent, this.#definition.mac, {
      changed: (_state, facts) => {
        this.#facts = facts
        this.publish()
      },
      firstAnswer: async () => {
        if (machine.boot !== 'warm') return
        await this.#ports.awaken(machine).catch((error: unknown) => this.#ports.message('warning', `was not told that it slept: ${reasonOf(error)}`))
      },
      thawed: () => this.#ports.message('warning', 'its file systems were frozen, as a snapshot that was cut short leaves them; they are thawed'),
    })
  }

  async #stop(timeoutMs: number): Promise<GuestState> {
    const machine = this.#running()
    const abort = new AbortController()
    this.#abort = abort
    const gone = this.#whenGone(abort.signal)
    gone.catch(() => undefined) // a force stop may come before anybody waits for it
    if (this.agentState === 'live') await machine.agent.shutdown().catch(() => machine.powerDown())
    else await machine.powerDown()
    const half = await within(gone, timeoutMs / 2)
    if (!half && this.#machine !== null) await machine.powerDown().catch(() => undefined) // it may be going down right now
    if (half || (await within(gone, timeoutMs / 2))) return 'stopped'
    throw new Fault('guest', `${this.#definition.name} has not shut down within ${Math.round(timeoutMs / 1000)} s; it is still running`, {
      remedy: `force it with: diptych stop --force ${this.#definition.name} (unsaved work in it is lost)`,
    })
  }

  async #forceStop(): Promise<GuestState> {
    await this.#machine?.quit()
    this.#gone()
    return 'stopped'
  }

  #running(): Machine {
    if (this.#machine === null) throw new Refusal('wrong-state', this.#definition.name, 'it is not running any more')
    return this.#machine
  }

  #whenGone(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#machine === null) resolve()
      this.#exited.push(resolve)
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
  }

  #observe(event: MachineEvent): void {
    switch (event.type) {
      case 'paused':
        this.#queue.observe('paused')
        break
      case 'resumed':
        this.#queue.observe('running')
        break
      case 'agent':
        this.#agentWatch?.poke()
        break
      case 'balloon':
        break
      case 'console':
        if (event.line.startsWith('MARK page')) this.#reach('screenLiveMs')
        return
      case 'fault':
        this.#ports.message('error', event.text)
        break
      case 'exited':
        if (!event.expected) this.#detail = event.detail
        if (!event.expected) this.#ports.message('error', `ended unexpectedly: ${event.detail}`)
        this.#gone()
        this.#queue.observe(event.expected ? 'stopped' : 'failed')
        break
      case 'reset':
      case 'powering-down':
        return
    }
    this.publish()
  }

  #gone(): void {
    if (this.#machine === null) return
    this.#unsubscribe()
    this.#agentWatch?.stop()
    this.#agentWatch = null
    this.#machine = null
    this.#ports.controls.detach()
    for (const resolve of this.#exited.splice(0)) resolve()
  }

  #reach(milestone: keyof Milestones): void {
    if (this.#machine === null || this.#milestones[milestone] !== null) return
    this.#milestones = { ...this.#milestones, [milestone]: Math.round(this.#ports.nowMs() - this.#machine.startedAtMs) }
    this.publish()
  }

  #demand(action: 'set' | 'sendKeys' | 'screenshot' | 'exec'): void {
    if (!isAllowed(action, this.#queue.state)) throw new Refusal('wrong-state', this.#definition.name, refusalReason(action, this.#queue.state))
  }
}

/** Whether `promise` settles within the time; its rejection passes through. */
async function within(promise: Promise<void>, milliseconds: number): Promise<boolean> {
  let timer: unknown
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds)
  })
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
