import { totalmem } from 'node:os'
import type { GuestMeter, HostBudget } from '../src/contract/host.ts'
import type { GuestName } from '../src/contract/names.ts'
import { Refusal } from '../src/contract/refusal.ts'
import { hostBudget, type GuestShare, type HostLoad, roomFor, startRefusal } from '../src/resource/budget.ts'
import type { SliderControls } from '../src/resource/guest-controls.ts'
import type { Room } from '../src/resource/readings.ts'
import { hostCpus } from './guest-limits.ts'
import { readMemory } from './meters.ts'

export interface BudgetPorts {
  /** The running guests with their sliders. */
  running(): { readonly name: GuestName; readonly controls: SliderControls }[]
}

/** What of this computer is promised to whom, and who may be promised more. Holds nothing: promises are read from the sliders. */
export class BudgetService {
  readonly #ports: BudgetPorts

  constructor(ports: BudgetPorts) {
    this.#ports = ports
  }

  of(load: HostLoad, meters: readonly GuestMeter[]): HostBudget {
    const shares = this.#ports.running().map(({ name, controls }): GuestShare => {
      const meter = meters.find((each) => each.guest === name)
      return { guest: name, ...controls.promise(), usedMiB: meter?.residentMiB ?? 0, usedCpuPercent: meter?.cpuPercent ?? 0 }
    })
    return hostBudget(load, shares)
  }

  room(name: GuestName): Room {
    return roomFor(name, this.of(staticLoad, []))
  }

  /** Throws Refusal('over-budget') when a guest with so much memory should not be started now. */
  demandStart(name: GuestName, memoryMiB: number, force: boolean): void {
    const load = { ...staticLoad, ...readMemory() }
    const refusal = startRefusal(memoryMiB, this.room(name), load)
    if (refusal === null || (force && !refusal.certain)) return
    const remedy = refusal.certain ? 'stop another guest or close programs first' : `give it less memory, stop another guest, or start it all the same: diptych start ${name} --force`
    throw new Refusal('over-budget', name, refusal.reason, remedy)
  }
}

const staticLoad: HostLoad = { cpus: hostCpus, totalMiB: totalmem() / 1048576, availableMiB: 0, cpuPercent: 0 }
