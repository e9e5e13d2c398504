import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { errors } from './error.ts'
import { GuestName } from './names.ts'
import { SnapshotId, SnapshotTitle } from './snapshot.ts'
import { TrashId } from './trash.ts'

/**
 * One step of getting from nothing to a live pair. `fraction` is null while it cannot be told; `expectedSeconds`
 * is what is left, measured or estimated.
 */
export const SetupStep = z.object({
  id: z.enum(['packages', 'guest:linux', 'guest:windows', 'network', 'start:linux', 'start:windows', 'warm']),
  title: z.string(),
  status: z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']),
  detail: z.string(),
  fraction: z.number().min(0).max(1).nullable(),
  expectedSeconds: z.number().nullable(),
  remedy: z.string().nullable(),
})
export type SetupStep = z.infer<typeof SetupStep>

/**
 * idle: nothing asked yet; working: see steps; ready: both guests run; failed/cancelled: `up` may be asked again
 * and goes on where it stopped.
 */
export const StageView = z.object({
  status: z.enum(['idle', 'working', 'ready', 'failed', 'cancelled']),
  steps: z.array(SetupStep),
  guests: z.array(GuestName),
  /** Whether a warm snapshot exists that fits this host; the next start then takes seconds. */
  warm: z.boolean(),
})
export type StageView = z.infer<typeof StageView>

/** One guest's part of a stage snapshot: a snapshot in that guest's own tree. */
export const StageSnapshotPart = z.object({
  guest: GuestName,
  snapshot: SnapshotId,
  kind: z.enum(['live', 'disk']),
  /** Who has it: the guest, a guest in the trash, or nobody, because it was deleted. */
  place: z.enum(['guest', 'trash', 'gone']),
  /** What brings it back when it is in the trash. */
  trash: TrashId.nullable(),
})
export type StageSnapshotPart = z.infer<typeof StageSnapshotPart>

/** Every guest of the stage and its links at one instant. Each part is also in its guest's own tree. */
export const StageSnapshotView = z.object({
  id: SnapshotId,
  title: z.string(),
  takenAt: z.iso.datetime(),
  parts: z.array(StageSnapshotPart),
  /** Between the first guest's standing still and the last one's. */
  skewMs: z.number(),
  /** How long the guests stood still. */
  pausedMs: z.number(),
  /** What its parts take on the host's disk, those in the trash with them; null when it could not be told. */
  bytes: z.number().nullable(),
  /** Why it cannot be restored (a part is in the trash, was deleted or fits this computer no more), in whole sentences; null when it can. */
  unusable: z.string().nullable(),
})
export type StageSnapshotView = z.infer<typeof StageSnapshotView>

const named = z.object({ id: SnapshotId })

export const stage = {
  get: oc.errors(errors).output(StageView),
  watch: oc.errors(errors).output(eventIterator(StageView)),
  /** Sets up what is missing and starts the pair; answers when both run. Asking again joins the work under way. */
  up: oc
    .errors(errors)
    .input(z.object({ boot: z.enum(['auto', 'cold']).default('auto') }))
    .output(StageView),
  /** Stops the work of `up` under way; what is finished stays. */
  cancel: oc.errors(errors).output(StageView),
  /** Stops every guest of the stage, then the switch. */
  down: oc
    .errors(errors)
    .input(z.object({ mode: z.enum(['graceful', 'force']).default('graceful') }))
    .output(StageView),
  /** Oldest first. */
  snapshots: oc.errors(errors).output(z.array(StageSnapshotView)),
  /** The whole list, again after every change. */
  watchSnapshots: oc.errors(errors).output(eventIterator(z.array(StageSnapshotView))),
  /** Pauses every guest of the stage that is up, saves all, resumes all. A guest that is off is saved as its disk. */
  takeSnapshot: oc.errors(errors).input(z.object({ title: SnapshotTitle.optional() })).output(StageSnapshotView),
  /** Brings every guest, its links and the connections between the guests back. `keep` takes a stage snapshot first. */
  restoreSnapshot: oc
    .errors(errors)
    .input(named.extend({ keep: z.boolean().default(false) }))
    .output(z.object({ stage: StageView, kept: StageSnapshotView.nullable() })),
  renameSnapshot: oc.errors(errors).input(named.extend({ title: SnapshotTitle })).output(StageSnapshotView),
  /** Deletes its part of every guest, too. */
  deleteSnapshot: oc.errors(errors).input(named).output(z.object({ reclaimedBytes: z.number() })),
  /**
   * Back to the pristine state, the one every first start begins from: fresh disks, nothing suspended. What the guests hold
   * is lost, except their snapshots and, as after every such start, the disk of the last run. Guests that are up are ended.
   */
  reset: oc.errors(errors).output(StageView),
}
