import { oc } from '@orpc/contract'
import { z } from 'zod'
import { CreateGuest, GuestProposal } from './creation.ts'
import { errors } from './error.ts'
import { GuestUpdate } from './guest.ts'
import { DiskMiB, EditPlan, GuestSettingsView, SettingsChange } from './guest-settings.ts'
import { GuestName } from './names.ts'
import { TrashItem } from './trash.ts'

const named = z.object({ name: GuestName })

/** The part of `guest` that makes, changes and removes guests. */
export const library = {
  /** What `create` with the same input would make; makes nothing. */
  propose: oc.errors(errors).input(CreateGuest).output(GuestProposal),
  /** Makes a guest, stopped. Progress is a task; aborting the call or cancelling the task leaves nothing behind. */
  create: oc.errors(errors).input(CreateGuest).output(z.object({ guest: GuestUpdate, notes: z.array(z.string()) })),
  /** What can be changed, as it is. */
  settings: oc.errors(errors).input(named).output(GuestSettingsView),
  /** What each change would do; changes nothing. */
  planEdit: oc.errors(errors).input(named.extend({ changes: SettingsChange })).output(EditPlan),
  /**
   * All changes or none. Refused when one of them is, and with `in-use` when guest.yaml is not the one of `basedOn` any more.
   * A new `name` is a rename. Answers with what was done and the guest as it is now.
   */
  edit: oc
    .errors(errors)
    .input(named.extend({ changes: SettingsChange, basedOn: z.string().optional() }))
    .output(z.object({ guest: GuestUpdate, plan: EditPlan })),
  /** Only while it does not run: its folder, its file and its DNS name follow. */
  rename: oc.errors(errors).input(named.extend({ to: GuestName })).output(GuestUpdate),
  /**
   * Moves a guest that does not run to the trash, from where `trash.restore` brings it back. Refused (`would-break`) without
   * `force` while a stage snapshot needs a snapshot of it.
   */
  delete: oc
    .errors(errors)
    .input(named.extend({ force: z.boolean().default(false) }))
    .output(TrashItem),
  /** Makes the disk of a stopped guest larger; never smaller. The system in it has to grow its file systems. */
  growDisk: oc.errors(errors).input(named.extend({ diskMiB: DiskMiB })).output(GuestSettingsView),
}
