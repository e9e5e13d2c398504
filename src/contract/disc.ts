import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { errors } from './error.ts'
import { UploadId } from './upload.ts'

/** By its content: the first half of its SHA-256. */
export const DiscId = z.string().regex(/^[0-9a-f]{32}$/, 'the id of a kept disc, as `disc.list` tells it')
export type DiscId = z.infer<typeof DiscId>

/** A disc that a browser has sent, kept in the data directory: whoever has it in a drive needs it where it is. */
export const DiscView = z.object({
  id: DiscId,
  /** What it was called where it came from. */
  name: z.string(),
  /** Where it is: what `guest.create` and a guest's `cdrom` take. */
  path: z.string(),
  bytes: z.number(),
  keptAt: z.iso.datetime(),
  /** Who has it in a drive, in words: guests, deleted guests, templates, and saved memory that goes on with it (live snapshots, of the stage too, and suspended guests). */
  users: z.array(z.string()),
})
export type DiscView = z.infer<typeof DiscView>

export const disc = {
  /** Newest first. Discs that are used by their own paths are not among them. */
  list: oc.errors(errors).output(z.array(DiscView)),
  /** The whole list, again after a disc has come or gone, or somebody has taken one or left it. */
  watch: oc.errors(errors).output(eventIterator(z.array(DiscView))),
  /** An upload that is a disc becomes one of the kept. The same content again is the same disc, under its first name. */
  keep: oc.errors(errors).input(z.object({ upload: UploadId })).output(DiscView),
  /** For good. Refused with `in-use` while somebody has it in a drive. */
  delete: oc.errors(errors).input(z.object({ id: DiscId })).output(z.object({ freedBytes: z.number() })),
}
