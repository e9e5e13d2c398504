import type { GuestName } from '../src/contract/names.ts'
import { Refusal } from '../src/contract/refusal.ts'
import type { SnapshotId } from '../src/contract/snapshot.ts'
import type { TrashId } from '../src/contract/trash.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { SnapshotStore } from '../src/node/guest-state/snapshot-store.ts'
import type { StageSnapshotRecord, StageStore } from '../src/node/guest-state/stage-store.ts'

export interface StagePartPorts {
  /** Every guest: one that was of the stage may have another name by now, and still have its part. */
  everyone(): readonly GuestOwner[]
  directory(name: GuestName): string
  trashed(): readonly { readonly id: TrashId; readonly name: GuestName; readonly folder: string }[]
}

/** Who has a snapshot: a guest, or one in the trash. */
export interface Holder {
  readonly guest: GuestName
  readonly trash: TrashId | null
  readonly folder: string
}

/** Which snapshots of guests the stage's snapshots stand on, and where those are. Reads the disks anew each time. */
export class StageParts {
  readonly #store: StageStore
  readonly #ports: StagePartPorts

  constructor(store: StageStore, ports: StagePartPorts) {
    this.#store = store
    this.#ports = ports
  }

  /** Of every snapshot of every guest, deleted ones with them. */
  holders(): ReadonlyMap<SnapshotId, Holder> {
    const { everyone, directory, trashed } = this.#ports
    const folders: Holder[] = [
      ...trashed().map(({ id, name, folder }) => ({ guest: name, trash: id, folder })),
      ...everyone().map(({ definition: { name } }) => ({ guest: name, trash: null, folder: directory(name) })),
    ]
    return new Map(folders.flatMap((holder) => snapshotsIn(holder.folder).map((id) => [id, holder] as const)))
  }

  /** Parts of guests that have another name now are found under it. */
  settle(): void {
    const holders = this.holders()
    for (const record of this.#store.list()) {
      const parts = record.parts.map((part) => ({ ...part, guest: holders.get(part.snapshot)?.guest ?? part.guest }))
      if (parts.some(({ guest }, index) => guest !== record.parts[index]?.guest)) this.#store.write({ ...record, parts })
    }
  }

  /** Throws Refusal, naming the stage snapshots that would be of no use without these; those that are of none already do not count. */
  demandUnneeded(subject: string, snapshots: readonly SnapshotId[], remedy: string): void {
    const holders = this.holders()
    const whole = (record: StageSnapshotRecord) => record.parts.every(({ snapshot }) => holders.has(snapshot))
    const needing = this.#store.list().filter((record) => whole(record) && record.parts.some(({ snapshot }) => snapshots.includes(snapshot)))
    if (needing.length === 0) return
    const titles = needing.map(({ title }) => `“${title}”`).join(', ')
    const what = needing.length === 1 ? `the stage snapshot ${titles}` : `the stage snapshots ${titles}`
    throw new Refusal('would-break', subject, `${what} cannot be gone back to without it`, remedy)
  }

  demandGuestUnneeded(name: GuestName): void {
    this.demandUnneeded(name, snapshotsIn(this.#ports.directory(name)), 'delete it all the same with --force; brought back from the trash, it is of use for that again')
  }

  /** Without an id: everything that is in the trash. */
  demandTrashUnneeded(id: TrashId | null): void {
    const leaving = this.#ports.trashed().filter((each) => id === null || each.id === id)
    const subject = leaving.map(({ name }) => name).join(', ')
    this.demandUnneeded(subject, leaving.flatMap(({ folder }) => snapshotsIn(folder)), 'delete it for good all the same with --force, or restore it: diptych trash restore')
  }
}

function snapshotsIn(guestFolder: string): SnapshotId[] {
  return new SnapshotStore(guestFolder).list().map(({ id }) => id)
}
