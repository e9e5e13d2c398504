import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { ClipboardMode } from '../../contract/guest.ts'
import { BootFrom, Firmware, HardwareProfile } from '../../contract/hardware.ts'
import { GuestName, MacAddress, NetworkName } from '../../contract/names.ts'
import type { MachineSpec } from '../../engine/engine.ts'
import { writeFileAtomicSync } from '../file/atomic.ts'
import type { RunLayout } from './layout.ts'

const Spec = z.strictObject({
  name: GuestName,
  uuid: z.string(),
  profile: HardwareProfile,
  vcpus: z.number().int(),
  memoryMiB: z.number().int(),
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
}) satisfies z.ZodType<MachineSpec>

/** run.json: what a later host needs to find this machine again. `process` is null until QEMU was started. */
export const RunRecord = z.strictObject({
  form: z.literal(1),
  spec: Spec,
  process: z.strictObject({ pid: z.number().int(), startTicks: z.number() }).nullable(),
  boot: z.enum(['cold', 'warm']),
  /** The name of its memory file, which is unlinked while it runs; null for plain memory. */
  ramPath: z.string().nullable(),
  savable: z.boolean(),
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
