import type { ControlChange, ControlName, ControlResult } from '../contract/control.ts'
import type { AgentState, ClipboardMode, GuestState, GuestUpdate, GuestView, Milestones } from '../contract/guest.ts'
import { Refusal, Cancelled, Fault, reasonOf } from '../contract/refusal.ts'
import type { Machine, MachineEvent, MachineSpec, MachineStatus, StartOptions } from '../engine/engine.ts'
import { type BootChoice, type PreparedStart, type RequestOptions, carryOut, stateAs, stateOf } from './carry-out.ts'
import type { GuestControls } from './controls-port.ts'
import type { GuestDefinition } from './definition.ts'
import { isAllowed, refusalReason } from './lifecycle.ts'
import { type LifecycleAction, type Request, RequestQueue } from './queue.ts'
import { GuestRun } from './run.ts'
import { agentAdvice, composeView, isSameView } from './view.ts'

export interface OwnerPorts {
  readonly controls: GuestControls
  /** Makes disk, port and specification ready and says from what to start. Throws Fault/MissingPrerequisite. */
  prepare(definition: GuestDefinition, boot: BootChoice, signal: AbortSignal): Promise<PreparedStart>
  startMachine(spec: MachineSpec, options: StartOptions): Promise<Machine>
  /** After a warm or restored start, as soon as the agent answers: clock, nonce, host name. */
  awaken(machine: Machine): Promise<void>
  /** Whether memory is saved from which the next start goes on; asked whenever there is no machine. Never, when left out. */
  isSuspended?(): boolean
  published(update: GuestUpdate): void
  message(level: 'info' | 'warning' | 'error', text: string): void
  saveClipboard(mode: ClipboardMode): void
  nowMs(): number
}

interface Waiter {
  resolve(): void
  reject(error: unknown): void
}

/**
 * The one owner of one guest. Every request, from any client, and every event of its machine passes through here;
 * nobody else calls the machine's methods that change it. State is published with a generation rising by one.
 *
 * Owns: the request queue and the run (the machine, and what is known of it). What each request does: carry-out.ts.
 */
export class GuestOwner {
  readonly #ports: OwnerPorts
  readonly #queue: RequestQueue
  readonly #run: GuestRun
  readonly #waiters = new Map<number, Waiter>()
  readonly #options = new Map<number, RequestOptions>()
  #definition: GuestDefinition
  #abort: AbortController | null = null
  /** What the guest is doing, or why it failed. */
  #detail: string | null = null
  /** Why the guest was paused by itself, until it goes on. */
  #pausedFor: string | null = null
  #stopDeadlineMs: number | null = null
  #generation = 1
  #published: GuestView | null = null

  constructor(definition: GuestDefinition, ports: OwnerPorts) {
    this.#definition = definition
    this.#ports = ports
    this.#queue = new RequestQueue(ports.isSuspended?.() === true ? 'suspended' : 'defined')
    this.#run = new GuestRun({
      controls: ports.controls,
      definition: () => this.#definition,
      awaken: (machine) => ports.awaken(machine),
      message: (level, text) => ports.message(level, text),
      changed: () => this.publish(),
      observed: (event) => this.#observe(event),
      nowMs: () => ports.nowMs(),
    })
  }

  get definition(): GuestDefinition {
    return this.#definition
  }

  get machine(): Machine | null {
    return this.#run.machine
  }

  get state(): GuestState {
    return this.#queue.state
  }

  /** A request is being carried out or waits. */
  get busy(): boolean {
    return this.#queue.current !== null || this.#queue.waiting.length > 0
  }

  get milestones(): Milestones {
    return this.#run.milestones
  }

  get agentState(): AgentState {
    return this.#run.agentState
  }

  /** Asks for a lifecycle action; resolves when it is done (or was so already), rejects with Refusal or Fault. */
  async request(action: LifecycleAction, options: RequestOptions = {}): Promise<'done' | 'already'> {
    const decision = this.#queue.submit(action, options.ends)
    if (decision.kind === 'already') {
      await this.#whenIdle()
      return 'already'
    }
    if (decision.kind === 'refused') throw new Refusal(decision.code, this.#definition.name, decision.reason)
    for (const id of decision.discarded) this.#settle(id, new Refusal('busy', this.#definition.name, 'a force stop came first'))
    if (decision.abort !== null) this.#abort?.abort(new Cancelled(`the ${this.#queue.current?.action ?? 'request'} of ${this.#definition.name}`))
    this.#options.set(decision.id, options)
    const done = new Promise<void>((resolve, reject) => this.#waiters.set(decision.id, { resolve, reject }))
    this.#drain()
    await done
    return 'done'
  }

  /** Takes over a machine that an earlier host left running. */
  async adopt(machine: Machine, status: MachineStatus): Promise<void> {
    this.#queue.observe(stateAs(status))
    await this.#run.attach(machine)
    this.publish()
  }

  async setControls(change: ControlChange, waitMs: number, options: { readonly force?: boolean; readonly passing?: boolean } = {}): Promise<Partial<Record<ControlName, ControlResult>>> {
    this.#demand('set')
    const results = await this.#ports.controls.apply(change, waitMs, options)
    this.publish()
    return results
  }

  /** Takes over what was changed in the definition; a run that is under way keeps what it was started with. */
  redefine(change: Partial<GuestDefinition>): void {
    this.#definition = { ...this.#definition, ...change }
    this.publish()
  }

  async setClipboard(mode: ClipboardMode): Promise<void> {
    await this.#run.machine?.setClipboard(mode)
    this.#definition = { ...this.#definition, clipboard: mode }
    this.#ports.saveClipboard(mode)
    this.publish()
  }

  /** The running machine for an action that only reads or types; throws Refusal when the state does not allow it. */
  demandMachine(action: 'sendKeys' | 'screenshot' | 'exec'): Machine {
    this.#demand(action)
    const { machine } = this.#run
    if (machine === null) throw new Refusal('wrong-state', this.#definition.name, refusalReason(action, 'stopped'))
    if (action === 'exec' && this.agentState !== 'live') {
      throw new Refusal('agent-needed', this.#definition.name, 'the guest agent does not answer', agentAdvice(this.agentState, this.#definition.kind))
    }
    return machine
  }

  /** The switch bound or learned the guest's address. */
  addressSeen(ipv4: string | null): void {
    this.#run.addressSeen(ipv4)
    this.publish()
  }

  /** The guest's web server was seen answering another guest. */
  webSeen(): void {
    this.#run.reach('webAnsweringMs')
  }

  view(): GuestView {
    return composeView({
      definition: this.#definition,
      state: this.#queue.state,
      detail: this.#detail ?? this.#pausedFor,
      stopDeadline: this.#stopDeadlineMs === null ? null : new Date(this.#stopDeadlineMs).toISOString(),
      agent: this.agentState,
      machine: this.#run.machine,
      milestones: this.#run.milestones,
      facts: this.#run.facts,
      ipv4: this.#run.ipv4,
      linkUp: this.#ports.controls.linkUp(),
      link: this.#ports.controls.link(),
      controls: this.#ports.controls.describe(),
      priority: this.#ports.controls.priority(),
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
    this.#run.dispose()
  }

  #drain(): void {
    const request = this.#queue.take()
    if (request === null) return
    this.#detail = null
    this.publish()
    void this.#carryOut(request).then(
      (state) => this.#finish(request, state, null),
      async (error: unknown) => this.#finish(request, await this.#stateAfterFailure(request, error), error),
    )
  }

  #carryOut(request: Request): Promise<GuestState> {
    const abort = new AbortController()
    this.#abort = abort
    return carryOut(request.action, this.#options.get(request.id) ?? {}, {
      run: this.#run,
      signal: abort.signal,
      definition: () => this.#definition,
      state: () => this.#queue.state,
      proceed: (state) => {
        this.#queue.proceed(request.id, state)
        this.#tell(null)
      },
      tell: (detail, stopDeadlineMs) => this.#tell(detail, stopDeadlineMs),
      detail: () => this.#detail,
      prepare: (boot) => this.#ports.prepare(this.#definition, boot, abort.signal),
      startMachine: (spec, options) => this.#ports.startMachine(spec, options),
      resting: () => this.#resting(),
      message: (level, text) => this.#ports.message(level, text),
      nowMs: () => this.#ports.nowMs(),
    })
  }

  #finish(request: Request, state: GuestState, error: unknown): void {
    this.#abort = null
    this.#stopDeadlineMs = null
    if (state !== 'failed' && !(error !== null && state === 'suspended')) this.#detail = null
    this.#queue.finish(request.id, state)
    this.publish()
    this.#settle(request.id, error)
    this.#drain()
  }

  #tell(detail: string | null, stopDeadlineMs: number | null = null): void {
    this.#detail = detail
    this.#stopDeadlineMs = stopDeadlineMs
    this.publish()
  }

  #settle(id: number, error: unknown): void {
    const waiter = this.#waiters.get(id)
    this.#waiters.delete(id)
    this.#options.delete(id)
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

  async #stateAfterFailure(request: Request, error: unknown): Promise<GuestState> {
    const { machine } = this.#run
    if (machine !== null) return stateOf(machine)
    const resting = this.#resting()
    this.#detail = reasonOf(error)
    if (error instanceof Cancelled || resting === 'suspended') return resting
    return ['start', 'restart', 'restore'].includes(request.action) ? 'failed' : resting
  }

  /** What the guest is without a machine. */
  #resting(): GuestState {
    if (this.#ports.isSuspended?.() === true) return 'suspended'
    return this.#queue.state === 'defined' ? 'defined' : 'stopped'
  }

  #observe(event: MachineEvent): void {
    switch (event.type) {
      case 'paused':
        this.#queue.observe('paused')
        break
      case 'resumed':
        this.#pausedFor = null
        this.#queue.observe('running')
        break
      case 'agent':
        this.#run.pokeAgent()
        break
      case 'balloon':
        break
      case 'console':
        if (event.line.startsWith('MARK page')) this.#run.reach('screenLiveMs')
        return
      case 'disk-fault':
        if (event.paused) this.#pausedFor = event.text
        this.#ports.message('error', event.text)
        break
      case 'fault':
        this.#ports.message('error', event.text)
        break
      case 'exited':
        if (!event.expected) this.#detail = event.detail
        if (!event.expected) this.#ports.message('error', failureInWords(this.#definition.name, event.detail))
        this.#pausedFor = null
        this.#run.end()
        this.#queue.observe(event.expected ? this.#resting() : 'failed')
        break
      case 'reset':
      case 'powering-down':
        return
    }
    this.publish()
  }

  #demand(action: 'set' | 'sendKeys' | 'screenshot' | 'exec'): void {
    if (!isAllowed(action, this.#queue.state)) throw new Refusal('wrong-state', this.#definition.name, refusalReason(action, this.#queue.state))
  }
}

/** What made the guest fail, in the engine's words, and the way out. */
function failureInWords(name: string, detail: string): string {
  return `${name} failed: ${detail.replace(/\.$/, '')}. Start it again: diptych start ${name}. What QEMU said last: diptych logs ${name} --source engine.`
}
