import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { errors } from './error.ts'
import { GuestUpdate } from './guest.ts'
import { GuestName } from './names.ts'

export const SnapshotId = z
  .string()
  .regex(/^[0-9a-f]{12}$/, 'a snapshot id is twelve hexadecimal digits')
  .brand<'SnapshotId'>()
export type SnapshotId = z.infer<typeof SnapshotId>

/** live: memory, devices and disk at one instant. disk: the disk alone, as after pulling the plug, or quiet when the agent froze it. */
export const SnapshotKind = z.enum(['live', 'disk'])
export type SnapshotKind = z.infer<typeof SnapshotKind>

/** What a person calls a snapshot: free text on one line. */
export const SnapshotTitle = z.string().trim().min(1).max(80).regex(/^[^\p{Cc}]*$/u, 'a title is one line of text')

export const SnapshotView = z.object({
  id: SnapshotId,
  /** The snapshot the guest's state came from when this one was taken; null for one taken from a fresh disk. */
  parent: SnapshotId.nullable(),
  kind: SnapshotKind,
  title: z.string(),
  takenAt: z.iso.datetime(),
  /** What its saved memory and devices take on the host's disk; 0 for disk snapshots. */
  memoryBytes: z.number(),
  /** Disk clusters that only this snapshot holds: what deleting it gives back. null when it could not be told. */
  diskBytes: z.number().nullable(),
  /** How long the guest stood still for it. */
  pausedMs: z.number(),
  /** disk: whether the agent had the file systems quiet. Always true for live ones. */
  consistent: z.boolean(),
  thumbnail: z.object({ width: z.number().int(), height: z.number().int() }).nullable(),
  /** The stage snapshot it is a part of. */
  stage: SnapshotId.nullable(),
  /** Why it cannot be restored here (another QEMU, a lost file), a whole sentence; null when it can. */
  unusable: z.string().nullable(),
  /** Whether its disk by itself can be gone back to: also of a live one whose memory cannot be loaded here. */
  diskUsable: z.boolean(),
})
export type SnapshotView = z.infer<typeof SnapshotView>

/** A guest's snapshots, oldest first; `parent` makes them a tree. */
export const SnapshotTree = z.object({
  guest: GuestName,
  /** What the guest's present state came from; null when from none of these. */
  current: SnapshotId.nullable(),
  snapshots: z.array(SnapshotView),
})
export type SnapshotTree = z.infer<typeof SnapshotTree>

const one = z.object({ guest: GuestName, id: SnapshotId })

export const snapshot = {
  list: oc.errors(errors).input(z.object({ guest: GuestName })).output(SnapshotTree),
  /** Every guest's tree first, then each again after it changed. */
  watch: oc.errors(errors).output(eventIterator(SnapshotTree)),
  /**
   * Without a kind: live when the guest is up, else of its disk. Progress is a task of kind `snapshot`; cancelling it
   * leaves no snapshot, and the guest as it was.
   */
  take: oc
    .errors(errors)
    .input(z.object({ guest: GuestName, title: SnapshotTitle.optional(), kind: SnapshotKind.optional() }))
    .output(SnapshotView),
  /**
   * Puts the guest back. A live snapshot goes on running from its instant; after a disk snapshot the guest boots when it
   * was up before, and stays stopped when not. What the guest was is lost unless `keep` takes a snapshot of it first.
   * `diskOnly` takes a live one's disk without its memory, as if it were a disk snapshot: the guest finds itself as after a
   * power cut. Nothing but that brings one back whose memory does not fit this computer.
   */
  restore: oc
    .errors(errors)
    .input(one.extend({ keep: z.boolean().default(false), diskOnly: z.boolean().default(false) }))
    .output(z.object({ guest: GuestUpdate, kept: SnapshotView.nullable() })),
  /**
   * Its children become its parent's; clusters that only it held are given back to the host. Refused (`would-break`) without
   * `force` while a stage snapshot needs it.
   */
  delete: oc
    .errors(errors)
    .input(one.extend({ force: z.boolean().default(false) }))
    .output(z.object({ reclaimedBytes: z.number() })),
  rename: oc.errors(errors).input(one.extend({ title: SnapshotTitle })).output(SnapshotView),
  /** The guest's screen at that instant as PNG, base64. */
  thumbnail: oc.errors(errors).input(one).output(z.object({ png: z.string(), width: z.number().int(), height: z.number().int() })),
}
