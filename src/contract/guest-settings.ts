import { z } from 'zod'
import { mebibytesInWords } from './amount.ts'
import { ClipboardMode, GuestKind } from './guest.ts'
import { BootFrom, Firmware, HardwareProfile } from './hardware.ts'
import { GuestName } from './names.ts'

/** A file on the host's computer. */
export const HostPath = z.string().min(2).max(4_096).startsWith('/', 'write the whole path, from / on')

export const Vcpus = z.number().int().min(1).max(64)
export const MemoryMiB = amountBetween(64, 1_048_576)
/** 64 TiB is qcow2's limit with its usual clusters. */
export const DiskMiB = amountBetween(1, 67_108_864)
export const Title = z.string().min(1).max(80)
/** Firmware configuration strings, read in the guest below `opt/diptych/`. */
export const Parameters = z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), z.string().max(1024))

/** What a person may change about a guest with `guest.edit`. Networks and sliders have calls of their own. */
export const GuestSettings = z.object({
  name: GuestName,
  title: Title,
  kind: GuestKind,
  os: Title,
  profile: HardwareProfile,
  firmware: Firmware,
  bootFrom: BootFrom,
  secureBoot: z.boolean(),
  tpm: z.boolean(),
  vcpus: Vcpus,
  memoryMiB: MemoryMiB,
  screen: z.object({ width: z.number().int().min(640).max(7680), height: z.number().int().min(480).max(4320) }),
  clipboard: ClipboardMode,
  /** The disc image in the optical drive; null for an empty drive. */
  cdrom: HostPath.nullable(),
  /** A disc of paravirtual drivers for Windows; with it disk and network cards are virtio. */
  driverDisc: HostPath.nullable(),
  parameters: Parameters,
})
export type GuestSettings = z.infer<typeof GuestSettings>

/** Only what is to change. */
export const SettingsChange = GuestSettings.partial().strict()
export type SettingsChange = z.infer<typeof SettingsChange>

export const SettingName = z.enum(Object.keys(GuestSettings.shape) as [keyof GuestSettings, ...(keyof GuestSettings)[]])
export type SettingName = z.infer<typeof SettingName>

/** What each is called where people write and read it: `diptych edit`, its help, refusals. */
export const fieldNames: Readonly<Record<SettingName, string>> = {
  name: 'name',
  title: 'title',
  kind: 'kind',
  os: 'os',
  profile: 'profile',
  firmware: 'firmware',
  bootFrom: 'boot',
  secureBoot: 'secure-boot',
  tpm: 'tpm',
  vcpus: 'cpus',
  memoryMiB: 'memory',
  screen: 'screen',
  clipboard: 'clipboard',
  cdrom: 'cdrom',
  driverDisc: 'driver-disc',
  parameters: 'parameters',
}

/** What a change of one field will do: in force at once, at the next power-on, or not at all and why. */
export const PlannedChange = z.object({
  field: SettingName,
  /** In words. */
  from: z.string(),
  to: z.string(),
  when: z.enum(['live', 'next-boot', 'refused']),
  /** Why it is refused, or what is worth knowing; one sentence. */
  note: z.string().nullable(),
})
export type PlannedChange = z.infer<typeof PlannedChange>

/** Fields that are the same already are left out. `allowed` when none is refused. */
export const EditPlan = z.object({
  changes: z.array(PlannedChange),
  allowed: z.boolean(),
  /** Identifies the guest.yaml that this plan was made from: give it to `guest.edit`. */
  hash: z.string(),
})
export type EditPlan = z.infer<typeof EditPlan>

export const GuestSettingsView = z.object({
  settings: GuestSettings,
  /** Identifies the guest.yaml that was read. */
  hash: z.string(),
  /** The file, for whoever would rather edit it by hand. */
  path: z.string(),
  /** Where the disk comes from; `name` is the recipe's or the template's. */
  origin: z.object({ kind: z.enum(['recipe', 'template', 'own']), name: z.string().nullable() }),
  /** Null before a demonstration guest's first start. */
  disk: z.object({ virtualMiB: z.number(), usedMiB: z.number() }).nullable(),
})
export type GuestSettingsView = z.infer<typeof GuestSettingsView>

/** In MiB. */
function amountBetween(least: number, most: number) {
  return z.number().int().min(least, `at least ${mebibytesInWords(least)}`).max(most, `at most ${mebibytesInWords(most)}`)
}
