import { oc } from '@orpc/contract'
import { z } from 'zod'
import { errors } from './error.ts'
import { GuestUpdate } from './guest.ts'
import { MemoryMiB } from './guest-settings.ts'
import { GuestName, NetworkName } from './names.ts'
import { UploadId } from './upload.ts'

/** What can be imported. `ova` and `ovf` are machines, `iso` is an optical disc, the others are disks. */
export const ImageFormat = z.enum(['qcow2', 'raw', 'vmdk', 'vhd', 'vhdx', 'vdi', 'iso', 'ova', 'ovf'])
export type ImageFormat = z.infer<typeof ImageFormat>

/** What a guest can be written as. */
export const ExportFormat = z.enum(['qcow2', 'raw', 'vmdk', 'vhd', 'vhdx', 'ova'])
export type ExportFormat = z.infer<typeof ExportFormat>

/** A file by its path on the host's computer, or one that a browser has sent there (`PUT /upload/<name>` answers the id). */
export const ImageSource = z.union([z.object({ path: z.string().min(1).max(4_096) }).strict(), z.object({ upload: UploadId }).strict()])
export type ImageSource = z.infer<typeof ImageSource>

/**
 * copy: converted into a disk of the guest's own. in-place: the original stays where it is and is never written; the guest
 * writes to an overlay. move: the original becomes the guest's disk and is gone from its place.
 */
export const ImportMode = z.enum(['copy', 'in-place', 'move'])
export type ImportMode = z.infer<typeof ImportMode>

const firmware = z.enum(['bios', 'uefi'])

export const ImageDisk = z.object({
  /** The file, relative to what was inspected. */
  file: z.string(),
  format: ImageFormat,
  /** The format's kind, in its own words: `streamOptimized`, `dynamic`, `version 3`. */
  variant: z.string(),
  /** What the guest sees. */
  virtualBytes: z.number(),
  /** What the files take. */
  fileBytes: z.number(),
})
export type ImageDisk = z.infer<typeof ImageDisk>

/** The machine an import would make; for a disk alone, what is usual for what is on it. */
export const ImportedMachine = z.object({
  name: GuestName,
  title: z.string(),
  os: z.string(),
  kind: z.enum(['linux', 'windows', 'other']),
  vcpus: z.number().int(),
  memoryMiB: z.number().int(),
  firmware,
  /** One for each network card, in their order. Those that are not there yet are made at the first start. */
  networks: z.array(NetworkName),
  disks: z.array(ImageDisk),
  /** A disc in the drive, relative to what was inspected. */
  disc: z.string().nullable(),
})
export type ImportedMachine = z.infer<typeof ImportedMachine>

/** What a file is, by its content. With `refusal` it is not imported; `machine` is then null. */
export const ImageReport = z.object({
  source: z.string(),
  format: ImageFormat.nullable(),
  /** In words: "VMDK disk, streamOptimized". */
  what: z.string(),
  machine: ImportedMachine.nullable(),
  /** What will differ from the original, or is worth knowing, one sentence each. */
  warnings: z.array(z.string()),
  refusal: z.object({ reason: z.string(), remedy: z.string().nullable() }).nullable(),
})
export type ImageReport = z.infer<typeof ImageReport>

/** What is given here wins over what the file says. */
export const ImportImage = z.object({
  source: ImageSource,
  mode: ImportMode.default('copy'),
  name: GuestName.optional(),
  title: z.string().min(1).max(80).optional(),
  vcpus: z.number().int().min(1).max(64).optional(),
  memoryMiB: MemoryMiB.optional(),
  firmware: firmware.optional(),
  /** Takes a file in which nothing is recognised for a raw disk. */
  raw: z.boolean().default(false),
})
export type ImportImage = z.infer<typeof ImportImage>

export const ImportedGuest = z.object({ guest: GuestUpdate, warnings: z.array(z.string()) })
export type ImportedGuest = z.infer<typeof ImportedGuest>

export const ExportImage = z.object({
  name: GuestName,
  path: z.string().min(1).max(4_096),
  format: ExportFormat,
  /** Only for qcow2; VMDK and OVA are compressed always, the others never. */
  compress: z.boolean().default(false),
  replace: z.boolean().default(false),
})
export type ExportImage = z.infer<typeof ExportImage>

export const ExportedImage = z.object({
  path: z.string(),
  format: ExportFormat,
  fileBytes: z.number(),
  virtualBytes: z.number(),
  /** When the disk was as it was written, while the guest ran on; null for one that was off. */
  takenAt: z.iso.datetime().nullable(),
  warnings: z.array(z.string()),
})
export type ExportedImage = z.infer<typeof ExportedImage>

export const image = {
  /** Reads headers only; never runs anything on the file. Answers a report also for what is refused. */
  inspect: oc.errors(errors).input(z.object({ source: ImageSource, raw: z.boolean().default(false) })).output(ImageReport),
  /**
   * Makes a new guest, stopped, of a disk, disc or machine. Progress is a task of kind `import`; aborting the call or
   * cancelling the task leaves nothing behind.
   */
  import: oc.errors(errors).input(ImportImage).output(ImportedGuest),
  /**
   * Writes a guest's disk, or the whole machine as OVA, to `path`, which must not exist unless `replace`. The disk stands
   * alone: nothing it was based on is needed. A guest that runs goes on: the disk is as it was at one instant, its file systems
   * held still by the agent where there is one, else as after a power cut. Progress is a task of kind `export`.
   */
  export: oc.errors(errors).input(ExportImage).output(ExportedImage),
}
