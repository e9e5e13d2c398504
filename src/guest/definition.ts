import { z } from 'zod'
import { BootFrom, Firmware, HardwareProfile } from '../contract/hardware.ts'
import { ClipboardMode, GuestKind } from '../contract/guest.ts'
import { HostPath, MemoryMiB, Parameters, Title, Vcpus } from '../contract/guest-settings.ts'
import { LinkShape } from '../contract/link.ts'
import { GuestName, MacAddress, NetworkName } from '../contract/names.ts'
import { Policies } from '../contract/policy.ts'

/**
 * Where a guest's disk comes from. `recipe`: one of the demonstration guests, made of its built image. `template`: the
 * guest's own disk is a copy on write of that template's. `disk: own`: disk.qcow2 in the guest's folder is all there is.
 */
export const GuestSource = z.union(
  [z.object({ recipe: z.enum(['linux', 'windows-stand-in']) }).strict(), z.object({ template: GuestName }).strict(), z.object({ disk: z.literal('own') }).strict()],
  'write recipe: linux, recipe: windows-stand-in, template: NAME or disk: own',
)
export type GuestSource = z.infer<typeof GuestSource>

/**
 * `guest.yaml`, version 1: what a person may write about a guest. Strict: an unknown key is an error with its line,
 * because a misspelt key that is silently ignored is a setting lost.
 */
export const GuestDefinition = z
  .object({
    version: z.literal(1, 'this version of Diptych reads version 1 of guest.yaml'),
    name: GuestName.refine((name) => name !== 'host', 'the name host means this computer: choose another'),
    title: Title,
    kind: GuestKind,
    os: Title,
    uuid: z.uuid(),
    mac: MacAddress,
    /** The networks it has a card on, by name; a MAC only where it has to be a certain one. Absent: `stage` alone. See cards.ts. */
    networks: z
      .array(z.union([NetworkName, z.object({ name: NetworkName, mac: MacAddress }).strict()]))
      .max(8)
      .refine((networks) => new Set(networks.map((entry) => (typeof entry === 'object' ? entry.name : entry))).size === networks.length, 'each network once')
      .optional(),
    /** A further card to the host's own network and the internet, through the hypervisor. */
    uplink: z.boolean().default(false),
    profile: HardwareProfile,
    vcpus: Vcpus,
    memoryMiB: MemoryMiB,
    screen: z.object({ width: z.number().int().min(640).max(7680), height: z.number().int().min(480).max(4320) }).strict(),
    clipboard: ClipboardMode.default('off'),
    source: GuestSource,
    firmware: Firmware.default('bios'),
    /** What is tried first at power-on. `disk`: an empty one falls through to the disc in the drive, which is how a system gets installed. */
    bootFrom: BootFrom.default('disk'),
    /** The disc image in the optical drive; null for an empty drive. */
    cdrom: HostPath.nullable().default(null),
    /** A second disc with paravirtual drivers (virtio-win) for Windows: its disk and network cards are then virtio. */
    driverDisc: HostPath.nullable().default(null),
    /** Firmware that starts only signed loaders, and a TPM 2.0. Absent: what the profile has. See `securityOf`. */
    secureBoot: z.boolean().optional(),
    tpm: z.boolean().optional(),
    /** Firmware configuration strings, read in the guest below `opt/diptych/`. */
    parameters: Parameters.default({}),
    /** Room to grow while it runs. Absent: as many vCPUs as this computer has CPUs, and twice the memory. */
    maximumVcpus: Vcpus.optional(),
    maximumMemoryMiB: MemoryMiB.optional(),
    controls: z
      .object({
        vcpus: Vcpus.nullable().default(null),
        cpuCap: z.number().positive().nullable().default(null),
        cpuWeight: z.number().int().min(1).max(10_000).default(100),
        memory: z.number().int().positive().nullable().default(null),
        diskIops: z.number().int().positive().nullable().default(null),
        diskBandwidth: z.number().int().positive().nullable().default(null),
        linkBandwidth: z.number().int().positive().nullable().default(null),
        linkUp: z.boolean().default(true),
        /** Each direction's conditions. A linkBandwidth that differs from the tighter rate here was edited since and wins. */
        link: LinkShape.optional(),
      })
      .strict()
      .prefault({}),
    /** What the host does for the guest by itself. */
    policies: Policies.default({}),
  })
  .strict()
export type GuestDefinition = z.infer<typeof GuestDefinition>

/** Name of the demonstration guests' network domain (the switch answers for it). */
export const stageDomain = 'diptych.internal'

/** The two guests of the demonstration, as written on first use. MAC and UUID are fixed: they key the warm state. */
export function demonstrationGuests(): GuestDefinition[] {
  const screen = { width: 1280, height: 800 }
  const shared = { version: 1, profile: 'linux-modern', vcpus: 1, screen, clipboard: 'off' } as const
  const definitions = [
    {
      ...shared,
      name: 'linux',
      title: 'Linux',
      kind: 'linux',
      os: 'Debian GNU/Linux',
      uuid: '6e1f2d70-0000-4000-8000-000000000001',
      mac: '52:54:00:d1:00:01',
      memoryMiB: 512,
      source: { recipe: 'linux' },
      parameters: { url: `http://windows.${stageDomain}/` },
    },
    {
      ...shared,
      name: 'windows',
      title: 'Windows stand-in (Wine)',
      kind: 'windows-stand-in',
      os: 'Windows stand-in (Wine)',
      uuid: '6e1f2d70-0000-4000-8000-000000000002',
      mac: '52:54:00:d1:00:02',
      memoryMiB: 768,
      source: { recipe: 'windows-stand-in' },
      parameters: { url: `http://linux.${stageDomain}/` },
    },
  ]
  return definitions.map((definition) => GuestDefinition.parse(definition))
}

/** Which built image a demonstration guest is made of; null for every other guest, which boots from its own disk. */
export function recipeOf({ source }: Pick<GuestDefinition, 'source'>): 'linux' | 'windows-stand-in' | null {
  return 'recipe' in source ? source.recipe : null
}

/** Secure boot and TPM as they are in force: Windows' profile has both where it boots by UEFI, unless the file says no. */
export function securityOf({ profile, firmware, secureBoot, tpm }: Pick<GuestDefinition, 'profile' | 'firmware' | 'secureBoot' | 'tpm'>): { secureBoot: boolean; tpm: boolean } {
  const windows = profile === 'windows-modern' && firmware === 'uefi'
  return { secureBoot: (secureBoot ?? windows) && firmware === 'uefi' && profile !== 'legacy', tpm: (tpm ?? windows) && profile !== 'legacy' }
}

/**
 * The part of a machine's hardware beyond disk and cards, as the engine takes it. A demonstration guest has no optical drive
 * until a disc is put in: its warm states were saved without one.
 */
export function hardwareOf(definition: GuestDefinition): { discPath?: string | null; driverDiscPath?: string; secureBoot?: boolean; tpm?: boolean } {
  const { secureBoot, tpm } = securityOf(definition)
  const { cdrom, driverDisc } = definition
  return {
    ...(recipeOf(definition) === null || cdrom !== null ? { discPath: cdrom } : {}),
    ...(driverDisc !== null && definition.profile === 'windows-modern' ? { driverDiscPath: driverDisc } : {}),
    ...(secureBoot ? { secureBoot } : {}),
    ...(tpm ? { tpm } : {}),
  }
}
