import { readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { EngineFault } from '../../engine/engine.ts'
import { MachineSpecRecord, PluggedDevice } from './run-record.ts'

const File = z.strictObject({ name: z.string().regex(/^[a-z.]+$/), bytes: z.number().int() })

/**
 * manifest.json of a saved machine (docs/decisions/0004-saved-machines.md). Beside it: `device.state`, and `ram.img` (sparse)
 * when the memory was shared with a file; otherwise `device.state` holds the memory, too. `screen.png` is the screen at
 * that instant. The disk is not here: whoever asked for the state keeps the two together.
 */
export const SavedStateManifest = z.strictObject({
  form: z.literal(1),
  /** Engine, accelerator and hardware, as `Engine.warmKey` of `spec`: the state loads only where it is the same. */
  key: z.string(),
  engineVersion: z.string(),
  savedAt: z.iso.datetime(),
  /** The machine as it was started, and what was plugged in while it ran. */
  spec: MachineSpecRecord,
  plugged: z.array(PluggedDevice),
  /** Whether the guest ran, or was paused by a person. */
  wasRunning: z.boolean(),
  ram: File.nullable(),
  deviceState: File,
  screen: z.strictObject({ width: z.number().int(), height: z.number().int() }).nullable(),
})
export type SavedStateManifest = z.infer<typeof SavedStateManifest>

export interface SavedState {
  readonly directory: string
  readonly manifest: SavedStateManifest
  readonly ram: string | null
  readonly deviceState: string
}

const remedy = 'Start the guest from its disk instead; what was in its memory is lost then.'

/** Reads and checks a saved machine (form and sizes, not contents). Throws EngineFault('saved state'). */
export function readSavedState(directory: string): SavedState {
  const manifest = parse(directory)
  if (manifest === null) throw new EngineFault('saved state', `There is no usable saved machine in ${directory}`, { remedy })
  for (const file of [manifest.ram, manifest.deviceState]) {
    if (file === null || statSync(join(directory, file.name), { throwIfNoEntry: false })?.size === file.bytes) continue
    throw new EngineFault('saved state', `The saved machine in ${directory} is damaged: ${basename(file.name)} is missing or has another size`, { remedy })
  }
  return { directory, manifest, ram: manifest.ram === null ? null : join(directory, manifest.ram.name), deviceState: join(directory, manifest.deviceState.name) }
}

/** Throws EngineFault when the state cannot be loaded by this engine; `key` is what `Engine.warmKey` says here of its `spec`. */
export function demandSameMachine({ directory, manifest }: SavedState, key: string): void {
  if (manifest.key === key) return
  throw new EngineFault('saved state', `The saved machine in ${directory} cannot be loaded here: it was saved by another QEMU (${manifest.engineVersion}), on another kind of processor, or by another version of Diptych`, { remedy })
}

function parse(directory: string): SavedStateManifest | null {
  try {
    return SavedStateManifest.safeParse(JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8'))).data ?? null
  } catch {
    return null // none saved, or not JSON
  }
}
