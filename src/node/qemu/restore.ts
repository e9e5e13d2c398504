import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { EngineFault, type MachineNic, type MachineSpec } from '../../engine/engine.ts'
import { ramFilePath } from './ram-file.ts'
import type { PluggedDevice, RunRecord } from './run-record.ts'
import type { SavedState } from './saved-state.ts'
import { copySparsely } from './sparse-copy.ts'

/** The hardware as it was saved, with the files and sockets of today. */
export function restoredSpec({ manifest }: SavedState, today: MachineSpec): MachineSpec {
  const saved = manifest.spec
  if (saved.uuid !== today.uuid) throw new EngineFault('saved state', `What was saved is another machine (${saved.uuid}) than ${today.name}`)
  const socketOf = (nic: MachineNic): MachineNic => {
    const now = nic.kind === 'switch' ? today.nics.find((each) => each.kind === 'switch' && each.network === nic.network) : undefined
    return nic.kind === 'switch' && now?.kind === 'switch' ? { ...nic, socketPath: now.socketPath } : nic
  }
  const boot = saved.boot.kind === 'kernel' && today.boot.kind === 'kernel' ? { ...saved.boot, kernelPath: today.boot.kernelPath, initrdPath: today.boot.initrdPath } : saved.boot
  return { ...saved, name: today.name, boot, nics: saved.nics.map(socketOf), diskPath: today.diskPath, clipboard: today.clipboard }
}

/**
 * Where a restored machine is to have its memory: a copy of the saved file, or memory of its own that the saved stream fills.
 * The saved file itself is never given to a QEMU (docs/decisions/0002). The copy goes to memory where it fits, shared, so that
 * the machine can be saved the quick way again; else to the disk, mapped privately, so that the guest's memory causes no
 * writes there.
 */
export function planMemory(state: SavedState, spec: MachineSpec, cacheDirectory: string): Pick<RunRecord, 'ramPath'> & { memory: NonNullable<RunRecord['memory']> } {
  if (state.ram === null) return { ramPath: null, memory: 'unnamed' }
  if (statSync(state.ram).size !== spec.memoryMiB * 1048576) throw new EngineFault('saved state', `The saved memory in ${state.directory} is not that of a machine with ${spec.memoryMiB} MiB`)
  const ramPath = ramFilePath(spec, cacheDirectory)
  return { ramPath, memory: dirname(ramPath) === '/dev/shm' ? 'file' : 'private' }
}

/** Makes the copy. Its name is in the run's record before: whoever finds the record of a host that was killed removes it. */
export async function fillMemory(state: SavedState, ramPath: string | null, signal: AbortSignal | undefined): Promise<void> {
  if (state.ram === null || ramPath === null) return
  await copySparsely(state.ram, ramPath, { background: false, ...(signal === undefined ? {} : { signal }) })
}

/** A machine plugged while it ran is started with everything in place: QEMU's `-device` and `-netdev` take QMP's JSON. */
export function pluggedArguments(plugged: readonly PluggedDevice[]): string[] {
  return plugged.flatMap(({ device, netdev }) => [...(netdev === undefined ? [] : ['-netdev', JSON.stringify(netdev)]), '-device', JSON.stringify(device)])
}
