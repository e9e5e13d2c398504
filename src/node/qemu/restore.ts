import { rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { EngineFault, type MachineNic, type MachineSpec } from '../../engine/engine.ts'
import { ramFilePath } from './ram-file.ts'
import type { PluggedDevice } from './run-record.ts'
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

/** Where a restored machine has its memory: a copy of the saved file, or memory of its own that the saved stream fills. */
export type RestoredMemory = { readonly kind: 'copy'; readonly path: string; readonly share: boolean } | { readonly kind: 'stream' }

/**
 * The saved file itself is never given to a QEMU (docs/decisions/0002). The copy goes to memory where it fits, shared, so that
 * the machine can be saved the quick way again; else to the disk, mapped privately, so that the guest's memory causes no
 * writes there.
 */
export async function restoreMemory(state: SavedState, spec: MachineSpec, cacheDirectory: string, signal: AbortSignal | undefined): Promise<RestoredMemory> {
  if (state.ram === null) return { kind: 'stream' }
  if (statSync(state.ram).size !== spec.memoryMiB * 1048576) throw new EngineFault('saved state', `The saved memory in ${state.directory} is not that of a machine with ${spec.memoryMiB} MiB`)
  const path = ramFilePath(spec, cacheDirectory)
  const share = dirname(path) === '/dev/shm'
  try {
    await copySparsely(state.ram, path, { background: false, ...(signal === undefined ? {} : { signal }) })
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  }
  return { kind: 'copy', path, share }
}

/** A machine plugged while it ran is started with everything in place: QEMU's `-device` and `-netdev` take QMP's JSON. */
export function pluggedArguments(plugged: readonly PluggedDevice[]): string[] {
  return plugged.flatMap(({ device, netdev }) => [...(netdev === undefined ? [] : ['-netdev', JSON.stringify(netdev)]), '-device', JSON.stringify(device)])
}
