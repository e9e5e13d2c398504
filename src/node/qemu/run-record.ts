import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { ClipboardMode } from '../../contract/guest.ts'
import { BootFrom, Firmware, HardwareProfile } from '../../contract/hardware.ts'
import { GuestName, MacAddress, NetworkName } from '../../contract/names.ts'
import type { MachineSpec } from '../../engine/engine.ts'
import { writeFileAtomicSync } from '../file/atomic.ts'
import type { RunLayout } from './layout.ts'
import { memfdPath } from './ram-file.ts'

/** MachineSpec as it is written to disk. */
export const MachineSpecRecord = z.strictObject({
  name: GuestName,
  uuid: z.string(),
  profile: HardwareProfile,
  vcpus: z.number().int(),
  memoryMiB: z.number().int(),
  maximumVcpus: z.number().int().exactOptional(),
  maximumMemoryMiB: z.number().int().exactOptional(),
  nics: z.array(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('switch'), mac: MacAddress, network: NetworkName, socketPath: z.string() }),
      z.strictObject({ kind: z.literal('uplink'), mac: MacAddress }),
    ]),
  ).readonly(),
  diskPath: z.string(),
  imageId: z.string(),
  boot: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('disk'), firmware: Firmware, first: BootFrom.exactOptional() }),
    z.strictObject({ kind: z.literal('kernel'), kernelPath: z.string(), initrdPath: z.string(), commandLine: z.string() }),
  ]),
  discPath: z.string().nullable().exactOptional(),
  driverDiscPath: z.string().nullable().exactOptional(),
  secureBoot: z.boolean().exactOptional(),
  tpm: z.boolean().exactOptional(),
  parameters: z.record(z.string(), z.string()),
  clipboard: ClipboardMode,
  screen: z.strictObject({ width: z.number().int(), height: z.number().int() }),
  balloon: z.boolean().exactOptional(),
}) satisfies z.ZodType<MachineSpec>

/** A device plugged into the running machine, in QMP's words (`device_add`, `netdev_add`): a restored machine is started with it. */
export const PluggedDevice = z.strictObject({ device: z.record(z.string(), z.json()), netdev: z.record(z.string(), z.json()).exactOptional() })
export type PluggedDevice = z.infer<typeof PluggedDevice>

/** run.json: what a later host needs to find this machine again. `process` is null until QEMU was started. */
export const RunRecord = z.strictObject({
  form: z.literal(1),
  spec: MachineSpecRecord,
  process: z.strictObject({ pid: z.number().int(), startTicks: z.number() }).nullable(),
  boot: z.enum(['cold', 'warm', 'restored', 'cloned']),
  /** It is given a saved machine's state and has not run yet, as far as this says: whoever finds it running knows better. */
  loading: z.boolean().exactOptional(),
  /** The guest has been told that its memory comes from elsewhere. */
  awakened: z.boolean().exactOptional(),
  /** The name of its memory file, which is unlinked while it runs; null without one. */
  ramPath: z.string().nullable(),
  /** Whether its first warm state may be saved: it began from a fresh disk. */
  savable: z.boolean(),
  /** private: QEMU's own. file: shared with that of `ramPath`. unnamed: shared, without a name (memfd). Older runs do not say. */
  memory: z.enum(['private', 'file', 'unnamed']).exactOptional(),
  /** What was plugged in while it ran. */
  plugged: z.array(PluggedDevice).default([]),
  startedAtMs: z.number(),
})
export type RunRecord = z.infer<typeof RunRecord>

export function writeRunRecord(layout: RunLayout, record: RunRecord): void {
  writeFileAtomicSync(layout.record, JSON.stringify(record), { durable: false })
}

/** Null when there is none or it is not of this form (a half-made run, or another version's). */
export function readRunRecord(layout: RunLayout): RunRecord | null {
  try {
    return RunRecord.safeParse(JSON.parse(readFileSync(layout.record, 'utf8'))).data ?? null
  } catch {
    return null // missing or not JSON
  }
}

/** The name its shared memory has among QEMU's open files; null when the memory cannot be read from outside. */
export function sharedRamName(record: RunRecord): string | null {
  if (record.memory === 'unnamed') return memfdPath
  return record.memory === 'file' || (record.memory === undefined && record.savable) ? record.ramPath : null
}
