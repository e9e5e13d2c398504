import type { GuestName } from '../../../src/contract/names.ts'
import { SnapshotId, type SnapshotKind, type SnapshotTree, type SnapshotView } from '../../../src/contract/snapshot.ts'
import type { StageSnapshotView } from '../../../src/contract/stage.ts'
import { Broadcast } from './broadcast.ts'

/** The guests' snapshots and the stage's, in memory. Pictures are the guest's screen as it is now. */
export class FakeSnapshots {
  readonly events = new Broadcast<SnapshotTree>()
  readonly stageEvents = new Broadcast<StageSnapshotView[]>()
  readonly #trees = new Map<GuestName, SnapshotTree>()
  #stage: StageSnapshotView[] = []
  #next = 1

  get stage(): StageSnapshotView[] {
    return this.#stage
  }

  tree(guest: GuestName): SnapshotTree {
    return this.#trees.get(guest) ?? { guest, current: null, snapshots: [] }
  }

  trees(): SnapshotTree[] {
    return [...this.#trees.values()]
  }

  take(guest: GuestName, kind: SnapshotKind, title: string, stage: SnapshotId | null = null, at = new Date()): SnapshotView {
    const tree = this.tree(guest)
    const live = kind === 'live'
    const snapshot: SnapshotView = {
      id: this.#id(),
      parent: tree.current,
      kind,
      title,
      takenAt: at.toISOString(),
      memoryBytes: live ? 178_257_920 : 0,
      diskBytes: 4_194_304 * (tree.snapshots.length + 1),
      pausedMs: live ? 212 : 9,
      consistent: live,
      thumbnail: live ? { width: 1280, height: 800 } : null,
      stage,
      unusable: null,
    }
    this.#set({ guest, current: snapshot.id, snapshots: [...tree.snapshots, snapshot] })
    return snapshot
  }

  find(guest: GuestName, id: SnapshotId): SnapshotView | undefined {
    return this.tree(guest).snapshots.find((snapshot) => snapshot.id === id)
  }

  restored(guest: GuestName, id: SnapshotId): void {
    this.#set({ ...this.tree(guest), current: id })
  }

  rename(guest: GuestName, id: SnapshotId, title: string): void {
    const tree = this.tree(guest)
    this.#set({ ...tree, snapshots: tree.snapshots.map((each) => (each.id === id ? { ...each, title } : each)) })
  }

  delete(guest: GuestName, id: SnapshotId): void {
    const tree = this.tree(guest)
    const gone = this.find(guest, id)
    const left = tree.snapshots.filter((each) => each.id !== id).map((each) => (each.parent === id ? { ...each, parent: gone?.parent ?? null } : each))
    this.#set({ ...tree, current: tree.current === id ? (gone?.parent ?? null) : tree.current, snapshots: left })
    if (gone?.stage !== null) this.#setStage(this.#stage.map((each) => (each.id === gone?.stage ? { ...each, unusable: `The part of ${guest} was deleted.` } : each)))
  }

  takeStage(guests: readonly { name: GuestName; kind: SnapshotKind }[], title: string): StageSnapshotView {
    const id = this.#id()
    const parts = guests.map(({ name, kind }) => ({ guest: name, snapshot: this.take(name, kind, title, id).id, kind }))
    const taken: StageSnapshotView = { id, title, takenAt: new Date().toISOString(), parts, skewMs: 2, pausedMs: 268, unusable: null }
    this.#setStage([...this.#stage, taken])
    return taken
  }

  renameStage(id: SnapshotId, title: string): void {
    this.#setStage(this.#stage.map((each) => (each.id === id ? { ...each, title } : each)))
  }

  deleteStage(id: SnapshotId): void {
    for (const { guest, snapshot } of this.#stage.find((each) => each.id === id)?.parts ?? []) this.delete(guest, snapshot)
    this.#setStage(this.#stage.filter((each) => each.id !== id))
  }

  #id(): SnapshotId {
    return SnapshotId.parse((this.#next++).toString(16).padStart(12, '0'))
  }

  #set(tree: SnapshotTree): void {
    this.#trees.set(tree.guest, tree)
    this.events.emit(tree)
  }

  #setStage(list: StageSnapshotView[]): void {
    this.#stage = list
    this.stageEvents.emit(list)
  }
}
