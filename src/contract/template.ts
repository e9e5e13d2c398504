import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { errors } from './error.ts'
import { GuestKind, GuestUpdate } from './guest.ts'
import { GuestName } from './names.ts'

/** A template's name follows the rules of guests' names; the two kinds do not share one list of names. */
export const TemplateName = GuestName

/** live: a clone goes on from the saved memory in a fraction of a second. cold: a clone boots from the saved disk. */
export const TemplateKind = z.enum(['live', 'cold'])
export type TemplateKind = z.infer<typeof TemplateKind>

export const TemplateView = z.object({
  name: TemplateName,
  title: z.string(),
  kind: TemplateKind,
  /**
   * cold: why there is no memory in it, where one was wanted. live: why clones boot from its disk all the same on this
   * host (another QEMU). A whole sentence; null when there is nothing to say.
   */
  note: z.string().nullable(),
  /** Made by cloning a guest directly: goes with its last clone. */
  automatic: z.boolean(),
  /** The guest it was made of, which may be gone or changed since. */
  guest: GuestName,
  guestKind: GuestKind,
  os: z.string(),
  vcpus: z.number().int(),
  memoryMiB: z.number(),
  madeAt: z.iso.datetime(),
  /** How long the guest stood still while it was made; null for one that was off. */
  pausedMs: z.number().nullable(),
  /** What a clone sees as its disk. */
  diskVirtualBytes: z.number(),
  /** What the frozen disk and the saved memory take on the host's disk. */
  diskBytes: z.number(),
  memoryBytes: z.number(),
  thumbnail: z.object({ width: z.number().int(), height: z.number().int() }).nullable(),
  /** The guests whose disks stand on it, also through templates made of its clones. While there are any it cannot be deleted. */
  clones: z.array(GuestName),
  /** The templates whose disks stand on it. */
  templates: z.array(TemplateName),
})
export type TemplateView = z.infer<typeof TemplateView>

const named = z.object({ name: TemplateName })

export const template = {
  list: oc.errors(errors).output(z.array(TemplateView)),
  /** The whole list, again after every change. */
  watch: oc.errors(errors).output(eventIterator(z.array(TemplateView))),
  /**
   * Of a running guest, which goes on running and stands still for some milliseconds, or of a stopped one (cold). `auto`:
   * live where that is possible; the view's note says why not. Progress is a task of kind `template`.
   */
  make: oc
    .errors(errors)
    .input(z.object({ guest: GuestName, name: TemplateName.optional(), title: z.string().min(1).max(80).optional(), kind: z.enum(['auto', 'live', 'cold']).default('auto') }))
    .output(TemplateView),
  /** Its title; clones refer to its name, which stays. */
  retitle: oc.errors(errors).input(named.extend({ title: z.string().min(1).max(80) })).output(TemplateView),
  /** For good. Refused (`in-use`) while guests or templates stand on it, naming them. */
  delete: oc.errors(errors).input(named).output(z.object({ freedBytes: z.number() })),
  /** The source's screen at that instant as PNG, base64. */
  thumbnail: oc.errors(errors).input(named).output(z.object({ png: z.string(), width: z.number().int(), height: z.number().int() })),
  /**
   * New guests from a template, or from a guest (through a template made on the way, which goes with its last clone).
   * With `start`, answers when they run. `name` is the first one's; further ones are numbered. Without it, all are
   * numbered after the source. One that cannot be started stays, stopped; the call then rejects with the reason.
   */
  clone: oc
    .errors(errors)
    .input(
      z.object({
        from: z.union([z.object({ template: TemplateName }).strict(), z.object({ guest: GuestName }).strict()]),
        name: GuestName.optional(),
        title: z.string().min(1).max(80).optional(),
        count: z.number().int().min(1).max(32).default(1),
        start: z.boolean().default(true),
        /** Starts them also beyond what this computer has left to promise. */
        force: z.boolean().default(false),
      }),
    )
    .output(z.object({ guests: z.array(GuestUpdate), milliseconds: z.number() })),
  /**
   * Copies what the guest's disk shares with templates into it, so that it stands alone; also while it runs. Progress is a
   * task of kind `flatten`; cancelling it leaves the guest a clone.
   */
  flatten: oc.errors(errors).input(z.object({ guest: GuestName })).output(GuestUpdate),
  /** Starts a stopped clone as on its first day: live from its template, with a fresh disk. The old one is kept as `disk.qcow2.previous`. */
  startFresh: oc.errors(errors).input(z.object({ guest: GuestName, force: z.boolean().default(false) })).output(GuestUpdate),
}
