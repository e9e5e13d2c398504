import { cpus, totalmem } from 'node:os'
import type { EngineDescription, MachineSpec } from '../src/engine/engine.ts'
import { type GuestDefinition, recipeOf } from '../src/guest/definition.ts'
import { Refusal } from '../src/contract/refusal.ts'
import { sizeRefusal } from '../src/resource/budget.ts'
import type { Limits } from '../src/resource/readings.ts'

/** How many CPUs this computer has. Asked once: `cpus` reads files of the kernel each time, and a limit is part of every view. */
export const hostCpus = cpus().length
/** More than this nobody plugs into a running desktop, and each place costs the engine a little. */
const mostVcpus = 16
/** Memory grows in steps that any guest's kernel can take. */
const growthStepMiB = 128

/** docs/decisions/0006-live-clones.md */
const sharedMemory = 'Its memory is shared with its template (a live clone); restart it, and it has its own.'

/** What this host, and the guest as it is defined, can do. `description` is null while the engine cannot be used. */
export function limitsOf(definition: GuestDefinition, description: EngineDescription | null, running?: MachineSpec): Limits {
  const balloon = running?.balloon === false ? sharedMemory : (description?.capabilities.balloon ?? true)
  const { kind, vcpus, memoryMiB } = definition
  const accelerator = description?.accelerator.kind ?? 'tcg'
  return {
    kind,
    accelerator,
    plugUnavailable: plugUnavailable(definition, accelerator),
    hostCpus,
    vcpus,
    maximumVcpus: maximumVcpus(definition),
    bootMemoryMiB: memoryMiB,
    maximumMemoryMiB: description?.capabilities.memoryGrowth === true ? maximumMemoryMiB(definition) : memoryMiB,
    cpuCapUnavailable: description === null || description.cpuCap.available ? null : description.cpuCap.reason,
    balloonUnavailable: balloon === true ? null : balloon,
  }
}

/** design.md 8 for Windows; src/engine/qemu/command-line.ts for emulation. */
function plugUnavailable(definition: GuestDefinition, accelerator: Limits['accelerator']): string | null {
  if (accelerator === 'kvm') return definition.kind === 'windows' ? 'with the host\u2019s own processor model, a vCPU that is added while Windows runs can stop it' : null
  return recipeOf(definition) === null ? 'under emulation QEMU does not survive a vCPU that is added while it runs' : null
}

/** What the machine is started with room for. */
export function roomToGrow(definition: GuestDefinition): Required<Pick<MachineSpec, 'maximumVcpus' | 'maximumMemoryMiB'>> {
  return { maximumVcpus: maximumVcpus(definition), maximumMemoryMiB: maximumMemoryMiB(definition) }
}

/**
 * A guest is started with the vCPUs that were asked for. One that may be started from a warm state begins with as many as
 * its definition says, since the state holds those, and gets the others when it is up.
 */
export function startedWith(spec: MachineSpec, definition: GuestDefinition, vcpus: number): MachineSpec {
  return recipeOf(definition) === null ? { ...spec, vcpus, maximumVcpus: Math.max(vcpus, maximumVcpus(definition)) } : spec
}

function maximumVcpus({ vcpus, maximumVcpus: asked = Math.min(hostCpus, mostVcpus) }: GuestDefinition): number {
  return Math.max(vcpus, asked)
}

/** Windows has no driver for memory that is added (virtio-mem) that could be relied on; its balloon alone moves. */
function maximumMemoryMiB({ kind, memoryMiB, maximumMemoryMiB: asked = memoryMiB * 2 }: GuestDefinition): number {
  if (kind === 'windows') return memoryMiB
  const hostMiB = Math.floor(totalmem() / 1048576)
  const growth = Math.floor((Math.min(asked, hostMiB) - memoryMiB) / growthStepMiB) * growthStepMiB
  return memoryMiB + Math.max(0, growth)
}

/** Why this computer, whatever else runs on it, would refuse to start a guest with so much memory; `certain`: even when told to. */
export function sizeFault(memoryMiB: number): { readonly certain: boolean; readonly text: string } | null {
  const refusal = sizeRefusal(memoryMiB, totalmem() / 1048576)
  if (refusal === null) return null
  const wayOut = refusal.certain ? '' : ' It starts only when told to all the same (--force).'
  return { certain: refusal.certain, text: `${refusal.reason.charAt(0).toUpperCase()}${refusal.reason.slice(1)}.${wayOut}` }
}

/** Throws Refusal('out-of-range') when so much memory is asked for by a person as this computer never has. */
export function demandSize(subject: string, memoryMiB: number | undefined): void {
  const refusal = memoryMiB === undefined ? null : sizeRefusal(memoryMiB, totalmem() / 1048576)
  if (refusal?.certain === true) throw new Refusal('out-of-range', subject, refusal.reason, 'give it less memory')
}

/** What is worth knowing of a guest whose memory was written down elsewhere: a template, a description, a system's needs. */
export function notesOnSize(memoryMiB: number): string[] {
  const fault = sizeFault(memoryMiB)
  return fault === null ? [] : [fault.certain ? `${fault.text} Give it less before it is started.` : fault.text]
}
