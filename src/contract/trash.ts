import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { errors } from './error.ts'
import { GuestUpdate } from './guest.ts'
import { GuestName } from './names.ts'

/** A folder in the trash: `<UTC time>-<name it had>`. */
export const TrashId = z.string().regex(/^\d{8}T\d{9}Z-[a-z0-9-]{1,32}$/, 'the id of something in the trash, as `trash.list` tells it')
export type TrashId = z.infer<typeof TrashId>

/** A deleted guest, whole until it is purged. */
export const TrashItem = z.object({
  id: TrashId,
  /** The name it had. */
  name: GuestName,
  title: z.string(),
  os: z.string(),
  deletedAt: z.iso.datetime(),
  /** What it takes on disk, and what purging would free. */
  bytes: z.number(),
  /** Why it cannot be restored as it is, or null. */
  problem: z.string().nullable(),
})
export type TrashItem = z.infer<typeof TrashItem>

const one = z.object({ id: TrashId })

export const trash = {
  /** Newest first. */
  list: oc.errors(errors).output(z.array(TrashItem)),
  /** The whole list, again after every change. */
  watch: oc.errors(errors).output(eventIterator(z.array(TrashItem))),
  /** Back among the guests, stopped. Refused with `already-exists` while another guest has its name: give another. */
  restore: oc.errors(errors).input(one.extend({ name: GuestName.optional() })).output(GuestUpdate),
  /** Deletes it for good. Refused (`would-break`) without `force` while a stage snapshot needs a snapshot of it. */
  purge: oc
    .errors(errors)
    .input(one.extend({ force: z.boolean().default(false) }))
    .output(z.object({ freedBytes: z.number() })),
  /** Deletes everything in the trash for good, or, refusing as `purge` does, nothing. */
  empty: oc
    .errors(errors)
    .input(z.object({ force: z.boolean().default(false) }).default({ force: false }))
    .output(z.object({ freedBytes: z.number(), purged: z.number() })),
}
