import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { reasonOf } from '../../contract/refusal.ts'
import { EngineFault } from '../../engine/engine.ts'
import { isSameFile } from '../file/same-file.ts'
import { backingName } from './inner-backing.ts'
import { PluggedDevice } from './run-record.ts'
import { recoverDirectory } from './warm-directory.ts'

const File = z.strictObject({ name: z.string(), bytes: z.number().int() })

/**
 * manifest.json of a warm state. Beside it: `ram.img` (the guest's memory, sparse), `device.state` (everything else of
 * the machine) and `spares/`. The disk as it was is kept outside, in `<directory>.disks/`: guests' disks go on standing
 * on it after the warm state itself was thrown away.
 */
export const WarmManifest = z.strictObject({
  form: z.literal(1),
  warmKey: z.string(),
  qemuVersion: z.string(),
  savedAt: z.iso.datetime(),
  memoryMiB: z.number().int(),
  /** What had been plugged in while it ran; a machine from this state is started with it. */
  plugged: z.array(PluggedDevice).default([]),
  ram: File,
  deviceState: File.extend({ sha256: z.string() }),
  disk: File.extend({ sha256: z.string() }),
})
export type WarmManifest = z.infer<typeof WarmManifest>

export interface WarmState {
  readonly directory: string
  readonly manifest: WarmManifest
  readonly ram: string
  readonly deviceState: string
  readonly disk: string
}

export function disksDirectory(directory: string): string {
  return join(dirname(directory), `${basename(directory)}.disks`)
}

/** Reads and checks a warm state (sizes, not contents). Rejects with EngineFault('warm') and the way out. */
export function readWarmState(directory: string, warmKey: string): WarmState {
  const remedy = 'Start it cold; a new warm state is saved then.'
  recoverDirectory(directory)
  const manifest = parse(directory)
  if (manifest === null) throw new EngineFault('warm', `There is no usable warm state in ${directory}`, { remedy })
  if (manifest.warmKey !== warmKey) throw new EngineFault('warm', `The warm state in ${directory} was saved by another QEMU or for other hardware`, { remedy })
  const state = {
    directory,
    manifest,
    ram: join(directory, manifest.ram.name),
    deviceState: join(directory, manifest.deviceState.name),
    disk: join(disksDirectory(directory), manifest.disk.name),
  }
  for (const [path, { bytes }] of [[state.ram, manifest.ram], [state.deviceState, manifest.deviceState], [state.disk, manifest.disk]] as const) {
    if (sizeOf(path) !== bytes) throw new EngineFault('warm', `The warm state in ${directory} is damaged: ${basename(path)} is missing or has another size`, { remedy })
  }
  return state
}

/** Why a warm state that is there cannot be started from, in words; null when it can. `image` is the disk that its own must stand on. */
export async function warmFault(directory: string, warmKey: string, image: string): Promise<string | null> {
  try {
    const { disk } = readWarmState(directory, warmKey)
    const backing = await backingName(disk)
    if (backing === null || isSameFile(backing, image)) return null
    return existsSync(backing) ? `the saved disk stands on ${backing}, which is in another folder than this cache` : `the saved disk stands on ${backing}, which is not there any more`
  } catch (error) {
    return reasonOf(error)
  }
}

function parse(directory: string): WarmManifest | null {
  try {
    return WarmManifest.safeParse(JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8'))).data ?? null
  } catch {
    return null // none saved, or not JSON
  }
}

function sizeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null
}
