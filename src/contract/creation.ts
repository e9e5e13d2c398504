import { z } from 'zod'
import { GuestKind } from './guest.ts'
import { DiskMiB, HostPath, MemoryMiB, Title, Vcpus } from './guest-settings.ts'
import { Firmware, HardwareProfile } from './hardware.ts'
import { ImageSource, ImportMode } from './image.ts'
import { GuestName, NetworkName } from './names.ts'

/** What a new guest is made from. */
export const CreateFrom = z.discriminatedUnion('kind', [
  /** An empty disk, and this disc in the drive to install from. */
  z.object({ kind: z.literal('iso'), path: HostPath }).strict(),
  /** A disk or a machine from elsewhere, as `image.import` takes it. */
  z.object({ kind: z.literal('disk'), source: ImageSource, mode: ImportMode.default('copy') }).strict(),
  z.object({ kind: z.literal('template'), template: GuestName }).strict(),
  /** An empty disk, and nothing to install from yet. */
  z.object({ kind: z.literal('empty') }).strict(),
])
export type CreateFrom = z.infer<typeof CreateFrom>

/** A new guest; what is left out is filled in as `guest.propose` says. */
export const CreateGuest = z
  .object({
    from: CreateFrom,
    name: GuestName.optional(),
    title: Title.optional(),
    /** A system's id in the osinfo database (`os.list`), e.g. `debian11`; left out, it is read from the disc. */
    system: z.string().min(1).max(80).optional(),
    profile: HardwareProfile.optional(),
    firmware: Firmware.optional(),
    vcpus: Vcpus.optional(),
    memoryMiB: MemoryMiB.optional(),
    /** Size of the new disk, for `iso` and `empty`. It takes room only as it fills. */
    diskMiB: DiskMiB.optional(),
    driverDisc: HostPath.optional(),
    networks: z.array(NetworkName).max(8).optional(),
    /** A card to the host's own network and the internet. */
    uplink: z.boolean().optional(),
  })
  .strict()
export type CreateGuest = z.infer<typeof CreateGuest>

/** Everything a new guest would be, with what led to it. */
export const GuestProposal = z.object({
  name: GuestName,
  title: Title,
  kind: GuestKind,
  os: Title,
  /** The system's id in the osinfo database; null when none was recognised or given. */
  system: z.string().nullable(),
  profile: HardwareProfile,
  firmware: Firmware,
  vcpus: Vcpus,
  memoryMiB: MemoryMiB,
  /** Null where the disk brings its size along. */
  diskMiB: DiskMiB.nullable(),
  /** What is worth knowing before it is made, one sentence each. */
  notes: z.array(z.string()),
})
export type GuestProposal = z.infer<typeof GuestProposal>
