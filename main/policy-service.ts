import type { GuestState } from '../src/contract/guest.ts'
import type { HostMeter } from '../src/contract/host.ts'
import type { GuestName } from '../src/contract/names.ts'
import { reasonOf } from '../src/contract/refusal.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { type Action, decide, fresh, type Memory, type Observation } from '../src/policy/decide.ts'
import type { SliderControls } from '../src/resource/guest-controls.ts'

export interface PolicyPorts {
  guests(): { readonly owner: GuestOwner; readonly controls: SliderControls }[]
  /** The last sample of the running guests; null before the first. */
  meter(): HostMeter | null
  /** Throws when the guest should not be started now. */
  demandStart(guest: GuestName): void
  activity(guest: GuestName, rule: string, text: string): void
  message(level: 'info' | 'warning', guest: GuestName, text: string): void
}

const periodMs = 1_000

/**
 * Carries out what the rules of each guest's file want, once a second, through the guest's owner like any client.
 * Owns what is remembered of each guest between two looks; decisions are src/policy's.
 */
export class PolicyService {
  readonly #ports: PolicyPorts
  readonly #remembered = new Map<GuestName, Memory>()
  readonly #busy = new Set<GuestName>()
  /** The rules, `<guest> <rule>`, that could not be carried out the last time: a rule tries again every few seconds, and says so once. */
  readonly #failed = new Set<string>()
  readonly #timer: NodeJS.Timeout

  constructor(ports: PolicyPorts) {
    this.#ports = ports
    this.#timer = setInterval(() => this.#look(), periodMs)
    this.#timer.unref()
  }

  dispose(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const meter = this.#ports.meter()
    for (const { owner, controls } of this.#ports.guests()) {
      const { name, policies } = owner.definition
      const before = this.#remembered.get(name) ?? fresh
      // Without rules there is nothing to do but to give back what a rule that was removed has changed.
      if (this.#busy.has(name) || (Object.keys(policies).length === 0 && before === fresh)) continue
      const { memory, actions } = decide(policies, before, observe(owner, controls, meter))
      this.#remembered.set(name, memory)
      if (actions.length > 0) void this.#carryOut(owner, actions)
    }
  }

  async #carryOut(owner: GuestOwner, actions: readonly Action[]): Promise<void> {
    const { name } = owner.definition
    this.#busy.add(name)
    for (const action of actions) {
      const which = `${name} ${action.rule}`
      try {
        await this.#perform(owner, action)
        this.#failed.delete(which)
        this.#ports.activity(name, action.rule, action.text)
        this.#ports.message('info', name, `${action.text} (${action.rule})`)
      } catch (error) {
        if (this.#failed.has(which)) continue
        this.#failed.add(which)
        this.#ports.activity(name, action.rule, `could not be carried out: ${reasonOf(error)}`)
        this.#ports.message('warning', name, `the rule ${action.rule} could not be carried out: ${reasonOf(error)}`)
      }
    }
    this.#busy.delete(name)
  }

  async #perform(owner: GuestOwner, action: Action): Promise<void> {
    switch (action.kind) {
      case 'memory':
        await owner.setControls({ memory: action.targetMiB }, 0, { passing: true })
        return
      case 'weight':
        await owner.setControls({ cpuWeight: action.weight }, 0, { passing: true })
        return
      case 'pause':
        await owner.request('pause')
        return
      case 'start':
        this.#ports.demandStart(owner.definition.name)
        await owner.request('start', { boot: 'cold' })
    }
  }
}

/** What an idle desktop's clock and cursor cost, with some room above it (measured here under emulation: 5 to 25 %). */
const idleCpuPercent = { kvm: 6, tcg: 35 } as const

const observed: Readonly<Partial<Record<GuestState, Observation['state']>>> = { running: 'running', paused: 'paused', failed: 'failed', starting: 'changing', stopping: 'changing', suspending: 'changing' }

function observe(owner: GuestOwner, controls: SliderControls, meter: HostMeter | null): Observation {
  const { name } = owner.definition
  const load = meter?.guests.find((guest) => guest.guest === name)
  const { memory, cpuWeight } = controls.describe()
  const actualMiB = load?.actualMiB ?? null
  const availableMiB = load?.guestAvailableMiB ?? null
  const totalMiB = load?.guestTotalMiB ?? null
  const known = actualMiB !== null && availableMiB !== null && totalMiB !== null && memory.applies === 'live'
  const mark = (kind: 'floor' | 'boot', otherwise: number) => memory.marks.find((each) => each.kind === kind)?.value ?? otherwise
  return {
    // By the clock that cannot be set, and stands still while this computer sleeps.
    atMs: performance.now(),
    // While the first sample is missing nothing is known to be idle.
    state: observed[owner.state] ?? 'stopped',
    cpuPercent: load?.cpuPercent ?? Infinity,
    idleCpuPercent: idleCpuPercent[controls.readings().limits.accelerator],
    diskBytesPerSecond: (load?.diskReadBytesPerSecond ?? 0) + (load?.diskWriteBytesPerSecond ?? 0),
    networkBitsPerSecond: (load?.txBitsPerSecond ?? 0) + (load?.rxBitsPerSecond ?? 0),
    memory: known
      ? { requestedMiB: memory.requested ?? memory.maximum, actualMiB, availableMiB, totalMiB, floorMiB: mark('floor', memory.minimum), bootMiB: mark('boot', memory.maximum), following: memory.status === 'following' }
      : null,
    cpuWeight: cpuWeight.requested ?? 100,
  }
}
