import type { GuestState } from '../contract/guest.ts'
import { Fault, Refusal } from '../contract/refusal.ts'
import type { Machine, MachineSpec, MachineStatus, StartOptions } from '../engine/engine.ts'
import type { GuestDefinition } from './definition.ts'
import type { LifecycleAction } from './queue.ts'
import type { GuestRun } from './run.ts'

/**
 * How to begin a run. auto: from suspended memory, else warm, else as a first start. warm: from the warm state. cold: power-on.
 * disk: power-on with the disk exactly as it is, which for a demonstration guest `cold` may replace. cloned: from the memory of its
 * template, with a fresh disk.
 */
export type BootChoice = 'auto' | 'warm' | 'cold' | 'disk' | 'cloned'

/** What a start begins with. */
export interface PreparedStart {
  readonly spec: MachineSpec
  readonly from: StartOptions['from']
  readonly beforeRunning?: () => Promise<void>
}

/** Work on a guest that needs it for itself: saving, snapshots, restoring. It leaves the guest in the state it answers. */
export type GuestWork = (hold: GuestHold) => Promise<GuestState>

/** What such work may do. Nothing else moves the guest meanwhile; only a force stop aborts `signal`. */
export interface GuestHold {
  readonly signal: AbortSignal
  machine(): Machine | null
  /** Whether the agent answers just now. */
  agentLive(): boolean
  /** Ends the machine at once, when there is one. */
  quit(): Promise<void>
  /** As `start` would, and then `beforeRunning` for a machine that is loaded. */
  start(boot: BootChoice, beforeRunning?: () => Promise<void>): Promise<void>
  /** running or paused, as the machine says; without one what the guest is at rest. */
  state(): Promise<GuestState>
  /** In words, for everybody to see. */
  tell(detail: string): void
}

export interface RequestOptions {
  readonly boot?: BootChoice
  /** How long a graceful stop waits. */
  readonly timeoutMs?: number
  readonly work?: GuestWork
  /** The state that `work` leads to, for judging the requests behind it. */
  readonly ends?: GuestState
}

export interface Carrier {
  readonly run: GuestRun
  readonly signal: AbortSignal
  definition(): GuestDefinition
  state(): GuestState
  /** The guest goes into another state in the midst of a request. */
  proceed(state: GuestState): void
  tell(detail: string | null, stopDeadlineMs?: number): void
  /** What is told at the moment: the end of a machine says why. */
  detail(): string | null
  prepare(boot: BootChoice): Promise<PreparedStart>
  startMachine(spec: MachineSpec, options: StartOptions): Promise<Machine>
  /** What the guest is without a machine. */
  resting(): GuestState
  message(level: 'info' | 'warning' | 'error', text: string): void
  nowMs(): number
}

export const patienceMs = 60_000

/** Carries one request out; answers the state the guest is in then, or rejects with Refusal or Fault. */
export async function carryOut(action: LifecycleAction, options: RequestOptions, carrier: Carrier): Promise<GuestState> {
  const { run } = carrier
  switch (action) {
    case 'start':
      return start(carrier, options.boot ?? 'auto')
    case 'stop':
      return stop(carrier, options.timeoutMs ?? patienceMs)
    case 'restart':
      await stop(carrier, options.timeoutMs ?? patienceMs)
      carrier.proceed('starting')
      return start(carrier, options.boot ?? 'disk')
    case 'forceStop':
      await run.machine?.quit()
      run.end()
      return carrier.resting()
    case 'pause':
      await run.demand().pause()
      return 'paused'
    case 'resume':
      await run.demand().resume()
      run.pokeAgent()
      return 'running'
    case 'reset':
      await run.demand().reset()
      return carrier.state()
    case 'suspend':
    case 'snapshot':
    case 'restore':
    case 'tend':
      if (options.work === undefined) throw new Fault('host', `a ${action} was asked for without saying how`)
      return options.work(holdOf(carrier))
  }
}

async function start(carrier: Carrier, boot: BootChoice, alsoBefore?: () => Promise<void>): Promise<GuestState> {
  const { run, signal } = carrier
  run.begin()
  const { spec, from, beforeRunning } = await carrier.prepare(boot)
  signal.throwIfAborted()
  const before = async () => {
    await alsoBefore?.()
    await beforeRunning?.()
  }
  const machine = await carrier.startMachine(spec, { from, signal, beforeRunning: before })
  await run.attach(machine)
  if (run.machine === null) throw new Fault('guest', carrier.detail() ?? 'it ended while it was starting')
  run.reach('runningMs')
  if (machine.boot !== 'cold') run.reach('screenLiveMs')
  carrier.message('info', machine.boot === 'restored' ? 'goes on from its saved memory' : `started ${machine.boot}`)
  return 'running'
}

/** Agent, else ACPI's power button, and that once more at half time: a guest may have been too busy to hear the first. */
async function stop(carrier: Carrier, timeoutMs: number): Promise<GuestState> {
  const { run, signal } = carrier
  const { name } = carrier.definition()
  const machine = run.demand()
  carrier.tell('asked to shut down', carrier.nowMs() + timeoutMs)
  const gone = run.whenGone(signal)
  gone.catch(() => undefined) // a force stop may come before anybody waits for it
  if (run.agentState === 'live') await machine.agent.shutdown().catch(() => machine.powerDown())
  else await machine.powerDown()
  const half = await within(gone, timeoutMs / 2)
  if (!half && run.machine !== null) await machine.powerDown().catch(() => undefined) // it may be going down right now
  if (half || (await within(gone, timeoutMs / 2))) return 'stopped'
  throw new Refusal('not-followed', name, `${name} has not shut down within ${Math.round(timeoutMs / 1000)} s; it is still running`, `force it with: diptych stop --force ${name} (unsaved work in it is lost)`)
}

function holdOf(carrier: Carrier): GuestHold {
  const { run, signal } = carrier
  return {
    signal,
    machine: () => run.machine,
    agentLive: () => run.agentState === 'live',
    quit: async () => {
      await run.machine?.quit()
      run.end()
    },
    start: async (boot, beforeRunning) => void (await start(carrier, boot, beforeRunning)),
    state: async () => (run.machine === null ? carrier.resting() : stateOf(run.machine)),
    tell: (detail) => carrier.tell(detail),
  }
}

/** What a machine that is there is doing; one that does not say is taken to run. */
export async function stateOf(machine: Machine): Promise<'running' | 'paused'> {
  return stateAs(await machine.status().catch(() => 'running'))
}

/** A machine that was reset while it was paused is about to start, and stands still until it is resumed. */
export function stateAs(status: MachineStatus): 'running' | 'paused' {
  return status === 'paused' || status === 'starting' ? 'paused' : 'running'
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
