import type { GuestAgent } from '../../engine/agent.ts'
import {
  EngineFault,
  type BalloonReading,
  type CpuWeightReading,
  type DiskLimits,
  type MachineSpec,
  type MachineUsage,
  type VcpuReading,
} from '../../engine/engine.ts'
import { growthMiB } from '../../engine/qemu/command-line.ts'
import { diskCounters } from '../../engine/qemu/machine-event.ts'
import { hasBalloon } from '../../engine/qemu/profile.ts'
import { askForMemory, readMemory, type MemoryDevices } from '../../engine/qemu/memory.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'
import { limitDisks, readDiskLimits } from '../../engine/qemu/throttle.ts'
import { plugCpus, pluggedCpus, readCpuSlots, unplugCpus } from '../../engine/qemu/vcpu.ts'
import type { CpuCapPort } from '../cgroup/cpu-cap.ts'
import { cpuMs, residentMiB } from '../process/process-identity.ts'
import type { QemuProbe } from './probe.ts'
import type { PluggedDevice } from './run-record.ts'

export interface MachineResourceParts {
  readonly spec: MachineSpec
  readonly pid: number
  readonly qmp: QmpSession
  readonly agent: GuestAgent
  readonly probe: QemuProbe
  readonly cpu: CpuCapPort
}

/** What a running machine may use of this computer, and what it does use. Holds no state: everything is asked and read back. */
export class MachineResources {
  readonly #parts: MachineResourceParts
  readonly #memory: MemoryDevices

  constructor(parts: MachineResourceParts) {
    this.#parts = parts
    const { spec, probe } = parts
    this.#memory = { bootMiB: spec.memoryMiB, hasBalloon: hasBalloon(spec, probe.features), canGrow: growthMiB(spec, probe.features) > 0, countsBallooned: probe.features.deflateOnOom }
  }

  async setMemory(targetMiB: number): Promise<void> {
    const { spec, qmp, probe, agent } = this.#parts
    await askForMemory(qmp, this.#memory, Math.min(spec.memoryMiB + growthMiB(spec, probe.features), targetMiB))
    // What was plugged may need to be brought into use; where there is no agent to ask, the guest's own rules decide.
    if (targetMiB > spec.memoryMiB) void agent.bringMemoryOnline().catch(() => undefined)
  }

  balloon(): Promise<BalloonReading> {
    return readMemory(this.#parts.qmp, this.#memory)
  }

  /**
   * Under KVM plugs what is missing, lets the agent bring exactly `count` online, and unplugs what is too many. Under
   * emulation, where QEMU survives neither plugging nor unplugging, only the agent acts, on what was there at the start.
   */
  async setVcpus(count: number): Promise<void> {
    const { qmp, agent, probe, spec } = this.#parts
    const canPlug = probe.accelerator.kind === 'kvm'
    const slots = await readCpuSlots(qmp)
    const room = canPlug ? slots.length : slots.filter((slot) => slot.path !== null).length
    if (count > room) throw new EngineFault('qemu', `${spec.name} was started with room for ${room} vCPUs`, { remedy: 'Stop it and start it again.' })
    if (canPlug) await plugCpus(qmp, count)
    const seen = await agent.vcpus().catch(() => [])
    await agent.setVcpus(onlineChanges(seen, count)).catch(() => undefined) // whether the guest followed shows when it is asked
    if (canPlug) await unplugCpus(qmp, count)
  }

  async vcpus(): Promise<VcpuReading> {
    const [slots, seen] = await Promise.all([readCpuSlots(this.#parts.qmp), this.#parts.agent.vcpus().catch(() => [])])
    const online = seen.filter((vcpu) => vcpu.online).length
    return { plugged: slots.filter((slot) => slot.path !== null).length, online: seen.length === 0 ? null : online }
  }

  /** What was plugged in while it ran: `known` from the run's record, and the vCPUs as they are now. */
  async plugged(known: readonly PluggedDevice[]): Promise<PluggedDevice[]> {
    const others = known.filter(({ device }) => !String(device['driver']).endsWith('-cpu'))
    return [...others, ...pluggedCpus(await readCpuSlots(this.#parts.qmp)).map((device) => ({ device }))]
  }

  setDiskLimits(limits: DiskLimits): Promise<DiskLimits> {
    return limitDisks(this.#parts.qmp, limits)
  }

  diskLimits(): Promise<DiskLimits> {
    return readDiskLimits(this.#parts.qmp)
  }

  async setCpuCap(percent: number | null): Promise<number | null> {
    const { cpu, spec, pid } = this.#parts
    if (!cpu.available) throw new EngineFault('cgroup', cpu.reason)
    try {
      return await cpu.set(spec.name, pid, percent)
    } catch (cause) {
      throw this.#failed('cap', cause)
    }
  }

  cpuCap(): number | null {
    return this.#parts.cpu.get(this.#parts.spec.name, this.#parts.pid)
  }

  async setCpuWeight(weight: number): Promise<CpuWeightReading> {
    try {
      return await this.#parts.cpu.setWeight(this.#parts.spec.name, this.#parts.pid, weight)
    } catch (cause) {
      throw this.#failed('weight', cause)
    }
  }

  cpuWeight(): CpuWeightReading {
    return this.#parts.cpu.getWeight(this.#parts.spec.name, this.#parts.pid)
  }

  async usage(): Promise<MachineUsage> {
    const { qmp, pid, spec, cpu } = this.#parts
    const disk = diskCounters(await qmp.execute('query-blockstats'))
    return {
      cpuMs: cpuMs(pid),
      residentMiB: residentMiB(pid),
      diskReadBytes: disk.readBytes,
      diskWriteBytes: disk.writeBytes,
      diskReads: disk.reads,
      diskWrites: disk.writes,
      throttledMs: cpu.throttledMs(spec.name, pid),
    }
  }

  #failed(what: 'cap' | 'weight', cause: unknown): EngineFault {
    return new EngineFault('cgroup', `The CPU ${what} of ${this.#parts.spec.name} could not be set: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** What to tell the guest so that exactly `count` of the vCPUs it sees are online, the first ones as far as possible. */
export function onlineChanges(seen: readonly { readonly id: number; readonly online: boolean; readonly canOffline: boolean }[], count: number): { id: number; online: boolean }[] {
  const fixed = seen.filter((vcpu) => vcpu.online && !vcpu.canOffline).length
  let left = Math.max(0, count - fixed)
  return seen
    .filter((vcpu) => !vcpu.online || vcpu.canOffline)
    .flatMap(({ id, online }) => {
      const wanted = left > 0
      if (wanted) left -= 1
      return wanted === online ? [] : [{ id, online: wanted }]
    })
}
