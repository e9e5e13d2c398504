import type { GuestName } from '../../../src/contract/names.ts'
import { SnapshotId, type SnapshotKind, type SnapshotTree, type SnapshotView } from '../../../src/contract/snapshot.ts'
import type { StageSnapshotPart, StageSnapshotView } from '../../../src/contract/stage.ts'
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
      diskUsable: true,
    }
    this.#set({ guest, current: snapshot.id, snapshots: [...tree.snapshots, snapshot] })
    return snapshot
  }

  find(guest: GuestName, id: SnapshotId): SnapshotView | undefined {
    return this.tree(guest).snapshots.find((snapshot) => snapshot.id === id)
  }

  /** Its memory cannot be loaded on this computer; its disk can be gone back to. */
  unfit(guest: GuestName, id: SnapshotId, unusable: string): void {
    const tree = this.tree(guest)
    this.#set({ ...tree, snapshots: tree.snapshots.map((each) => (each.id === id ? { ...each, unusable } : each)) })
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
    if (gone?.stage !== null) this.#place((part) => part.snapshot === id, { place: 'gone', trash: null })
  }

  /** A guest went to the trash, with its parts. */
  thrownAway(guest: GuestName, trash: string): void {
    this.#place((part) => part.guest === guest && part.place === 'guest', { place: 'trash', trash })
  }

  /** What was in the trash came back, or was purged. */
  left(trash: string, place: 'guest' | 'gone'): void {
    this.#place((part) => part.trash === trash, { place, trash: null })
  }

  /** The titles of stage snapshots that would be of no use without such a part. */
  needing(of: (part: StageSnapshotPart) => boolean): string[] {
    return this.#stage.filter(({ parts }) => parts.some(of) && parts.every(({ place }) => place !== 'gone')).map(({ title }) => title)
  }

  takeStage(guests: readonly { name: GuestName; kind: SnapshotKind }[], title: string): StageSnapshotView {
    const id = this.#id()
    const parts = guests.map(({ name, kind }) => ({ guest: name, snapshot: this.take(name, kind, title, id).id, kind, place: 'guest' as const, trash: null }))
    const taken: StageSnapshotView = { id, title, takenAt: new Date().toISOString(), parts, skewMs: 2, pausedMs: 268, bytes: 182_452_224 * parts.length, unusable: null }
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

  #place(of: (part: StageSnapshotPart) => boolean, change: Pick<StageSnapshotPart, 'place' | 'trash'>): void {
    if (!this.#stage.some(({ parts }) => parts.some(of))) return
    this.#setStage(
      this.#stage.map((each) => {
        const parts = each.parts.map((part) => (of(part) ? { ...part, ...change } : part))
        const against = parts.flatMap(({ guest, place }) => (place === 'gone' ? [`The part of ${guest} was deleted.`] : place === 'trash' ? [`The part of ${guest} is in the trash with it: restore ${guest} first.`] : []))
        return { ...each, parts, unusable: against.length === 0 ? null : against.join(' ') }
      }),
    )
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
