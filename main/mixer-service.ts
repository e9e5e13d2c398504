import packageJson from '../package.json' with { type: 'json' }
import type { CrossfadeResult, GuestUpdate } from '../src/contract/guest.ts'
import type { HistorySpan, HostBudget, HostHistory, HostMeter, Message } from '../src/contract/host.ts'
import type { GuestName } from '../src/contract/names.ts'
import type { PortMeter } from '../src/contract/network.ts'
import type { Activity, Policies } from '../src/contract/policy.ts'
import { historyCsv, LoadHistory } from '../src/resource/history.ts'
import type { Room } from '../src/resource/readings.ts'
import { ActivityLog } from './activity-log.ts'
import { BudgetService } from './budget-service.ts'
import { crossfade } from './crossfade.ts'
import type { GuestRegistry } from './guest-registry.ts'
import { MeterService } from './meters.ts'
import { scrape } from './metrics-service.ts'
import { PolicyService } from './policy-service.ts'

export interface MixerPorts {
  guests(): GuestRegistry
  /** The switch's meters. */
  ports(): readonly PortMeter[]
  message(level: Message['level'], guest: GuestName, text: string): void
}

/** Who gets how much of this computer: meters, budget, history, rules and what they did. Owns their timers. */
export class MixerService {
  readonly #ports: MixerPorts
  readonly #meters: MeterService
  readonly #budget: BudgetService
  readonly #history = new LoadHistory()
  readonly #activity = new ActivityLog()
  readonly #policies: PolicyService

  constructor(ports: MixerPorts) {
    this.#ports = ports
    this.#budget = new BudgetService({ running: () => ports.guests().metered() })
    this.#meters = new MeterService({
      guests: () => ports.guests().metered(),
      traffic: (guest) => {
        const own = ports.ports().filter((port) => port.guest === guest)
        return { txBytes: own.reduce((sum, port) => sum + port.txBytes, 0), rxBytes: own.reduce((sum, port) => sum + port.rxBytes, 0) }
      },
      budget: (load, meters) => this.#budget.of(load, meters),
    })
    this.#meters.listen((meter) => this.#history.add(meter))
    this.#policies = new PolicyService({
      guests: () =>
        ports
          .guests()
          .all()
          .map((owner) => ({ owner, controls: ports.guests().controls(owner.definition.name) })),
      meter: () => this.#meters.latest,
      demandStart: (guest) => this.demandStart(guest, false),
      activity: (guest, rule, text) => this.#activity.add(guest, rule, text),
      message: (level, guest, text) => ports.message(level, guest, text),
    })
  }

  watchMeters(signal: AbortSignal | undefined): AsyncGenerator<HostMeter, void, void> {
    return this.#meters.watch(signal)
  }

  /** A guest went into another state. */
  stateChanged(guest: GuestName, state: string): void {
    this.#activity.add(guest, null, `is ${state}`)
    this.#meters.wake()
  }

  /** Something was done to the guest because of a rule; told at once, and kept. */
  record(guest: GuestName, rule: string | null, text: string): void {
    this.#activity.add(guest, rule, text)
    this.#ports.message('info', guest, rule === null ? text : `${text} (${rule})`)
  }

  activity(guest: GuestName, limit: number): Activity[] {
    return this.#activity.read(this.#ports.guests().get(guest).definition.name, limit)
  }

  /** Replaces the rules in the guest's file; they hold from now on. */
  async setPolicies(guest: GuestName, policies: Policies): Promise<GuestUpdate> {
    await this.#ports.guests().redefine(guest, { policies })
    this.#activity.add(guest, null, Object.keys(policies).length === 0 ? 'has no rules any more' : `has new rules: ${Object.keys(policies).join(', ')}`)
    return this.#ports.guests().get(guest).current()
  }

  crossfade(request: { left: GuestName; right: GuestName; share: number; waitMs: number }): Promise<CrossfadeResult> {
    const guests = this.#ports.guests()
    return crossfade({ ...request, left: guests.get(request.left), right: guests.get(request.right) }, (name) => this.room(name))
  }

  room(guest: GuestName): Room {
    return this.#budget.room(guest)
  }

  /** Throws Refusal('over-budget') when the guest should not be started now; nothing to say of one that is up. */
  demandStart(guest: GuestName, force: boolean): void {
    const { machine, definition } = this.#ports.guests().get(guest)
    if (machine === null) this.#budget.demandStart(guest, definition.memoryMiB, force)
  }

  /** As of the last sample, a second ago at most. */
  async budget(): Promise<HostBudget> {
    const { latest } = this.#meters
    if (latest !== null && Date.now() - Date.parse(latest.at) < 2_000) return latest.budget
    const samples = this.#meters.watch(undefined)
    const { value } = await samples.next()
    await samples.return()
    if (value === undefined) throw new Error('the host is closing')
    return value.budget
  }

  history(span: HistorySpan): HostHistory {
    return this.#history.read(span)
  }

  exportHistory(span: HistorySpan): { fileName: string; csv: string } {
    return { fileName: `diptych-${span}-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.csv`, csv: historyCsv(this.#history.read(span)) }
  }

  /** What is measured, in Prometheus's text format. */
  async metrics(): Promise<string> {
    const guests = this.#ports.guests()
    const budget = await this.budget()
    return scrape({
      version: packageJson.version,
      guests: () => guests.all().map((owner) => ({ view: owner.view(), machine: owner.machine })),
      memory: (name) => guests.controls(name).memoryReading(),
      ports: () => this.#ports.ports(),
      budget: () => budget,
    })
  }

  dispose(): void {
    this.#meters.dispose()
    this.#policies.dispose()
  }
}
