import { implement } from '@orpc/server'
import { contract } from '../../../src/contract/contract.ts'
import type { RefusalCode } from '../../../src/contract/error.ts'
import type { GuestAction } from '../../../src/contract/guest.ts'
import type { SnapshotId, SnapshotView } from '../../../src/contract/snapshot.ts'
import type { StageSnapshotPart } from '../../../src/contract/stage.ts'
import { type FakeGuest, updateOf } from './views.ts'
import type { World } from './world.ts'

export type Thrower = { NOT_FOUND: (options: { data: { noun: string; name: string; known: string[] } }) => Error; REFUSED: (options: { data: { code: RefusalCode; subject: string; reason: string } }) => Error }

export interface Canceller {
  CANCELLED(options: { data: { what: string } }): Error
}

interface Tools {
  find(name: string, errors: Thrower): FakeGuest
  may(name: string, action: GuestAction, errors: Thrower): FakeGuest
  screenshot(guest: FakeGuest): { png: string; width: number; height: number }
}

const workMs = 900

/** Refuses what a stage snapshot needs, unless it is forced. */
export function demandUnneeded(world: World, subject: string, of: (part: StageSnapshotPart) => boolean, force: boolean, errors: Thrower): void {
  const needing = world.snapshots.needing(of)
  if (!force && needing.length > 0) throw errors.REFUSED({ data: { code: 'would-break', subject, reason: `the stage snapshot “${needing.join('”, “')}” cannot be gone back to without it` } })
}

export function snapshotRoutes(world: World, { find, may, screenshot }: Tools) {
  const on = implement(contract).snapshot
  const { snapshots, tasks } = world
  const known = (guest: FakeGuest, id: SnapshotId, errors: Thrower): SnapshotView => {
    const found = snapshots.find(guest.name, id)
    if (found === undefined) throw errors.NOT_FOUND({ data: { noun: 'snapshot', name: id, known: snapshots.tree(guest.name).snapshots.map((each) => each.id) } })
    return found
  }
  const take = async (guest: FakeGuest, title: string | undefined, kind?: 'live' | 'disk') => {
    await tasks.run('snapshot', `Snapshot of ${guest.name}`, guest.name, workMs)
    const up = guest.state === 'running' || guest.state === 'paused'
    return snapshots.take(guest.name, kind ?? (up ? 'live' : 'disk'), title ?? new Date().toLocaleString('en-GB'))
  }
  return {
    list: on.list.handler(({ input, errors }) => snapshots.tree(find(input.guest, errors).name)),
    watch: on.watch.handler(({ signal }) => snapshots.events.stream(snapshots.trees(), signal)),
    take: on.take.handler(({ input, errors }) => take(may(input.guest, 'snapshot', errors), input.title, input.kind)),
    restore: on.restore.handler(async ({ input, errors }) => {
      const guest = may(input.guest, 'restore', errors)
      const snapshot = known(guest, input.id, errors)
      if (snapshot.unusable !== null && !input.diskOnly) throw errors.REFUSED({ data: { code: 'unsupported', subject: snapshot.title, reason: snapshot.unusable } })
      const kept = input.keep ? await take(guest, `Before going back to ${snapshot.title}`) : null
      await tasks.run('restore', `${guest.name} back to ${snapshot.title}`, guest.name, workMs)
      snapshots.restored(guest.name, input.id)
      if ((snapshot.kind === 'live' && !input.diskOnly) || guest.state === 'running') world.start(guest)
      return { guest: updateOf(guest), kept }
    }),
    delete: on.delete.handler(({ input, errors }) => {
      const { title, memoryBytes, diskBytes } = known(find(input.guest, errors), input.id, errors)
      demandUnneeded(world, title, (part) => part.snapshot === input.id, input.force, errors)
      snapshots.delete(input.guest, input.id)
      return { reclaimedBytes: memoryBytes + (diskBytes ?? 0) }
    }),
    rename: on.rename.handler(({ input, errors }) => {
      known(find(input.guest, errors), input.id, errors)
      snapshots.rename(input.guest, input.id, input.title)
      return known(find(input.guest, errors), input.id, errors)
    }),
    thumbnail: on.thumbnail.handler(({ input, errors }) => screenshot(find(input.guest, errors))),
  }
}

export function stageSnapshotRoutes(world: World, { find }: Tools) {
  const on = implement(contract).stage
  const { snapshots, tasks } = world
  const known = (id: SnapshotId, errors: Thrower) => {
    const found = snapshots.stage.find((each) => each.id === id)
    if (found === undefined) throw errors.NOT_FOUND({ data: { noun: 'stage snapshot', name: id, known: snapshots.stage.map((each) => each.id) } })
    return found
  }
  const take = async (title: string | undefined, errors: Canceller) => {
    if (!(await tasks.run('snapshot', 'Snapshot of the stage', null, workMs))) throw errors.CANCELLED({ data: { what: 'the stage snapshot' } })
    const guests = world.stage().guests.flatMap((name) => world.find(name) ?? [])
    return snapshots.takeStage(guests.map((guest) => ({ name: guest.name, kind: guest.state === 'running' || guest.state === 'paused' ? 'live' : 'disk' })), title ?? new Date().toLocaleString('en-GB'))
  }
  return {
    snapshots: on.snapshots.handler(() => snapshots.stage),
    watchSnapshots: on.watchSnapshots.handler(({ signal }) => snapshots.stageEvents.stream([snapshots.stage], signal)),
    takeSnapshot: on.takeSnapshot.handler(({ input, errors }) => take(input.title, errors)),
    restoreSnapshot: on.restoreSnapshot.handler(async ({ input, errors }) => {
      const { parts, title } = known(input.id, errors)
      const kept = input.keep ? await take(`Before going back to ${title}`, errors) : null
      await tasks.run('restore', `The stage back to ${title}`, null, workMs)
      for (const part of parts) {
        snapshots.restored(part.guest, part.snapshot)
        world.start(find(part.guest, errors))
      }
      return { stage: world.stage(), kept }
    }),
    renameSnapshot: on.renameSnapshot.handler(({ input, errors }) => {
      known(input.id, errors)
      snapshots.renameStage(input.id, input.title)
      return known(input.id, errors)
    }),
    deleteSnapshot: on.deleteSnapshot.handler(({ input, errors }) => {
      known(input.id, errors)
      snapshots.deleteStage(input.id)
      return { reclaimedBytes: 182_452_224 }
    }),
    reset: on.reset.handler(() => {
      for (const name of world.stage().guests) {
        const guest = world.find(name)
        if (guest !== undefined) world.start(guest)
      }
      return world.stage()
    }),
  }
}
