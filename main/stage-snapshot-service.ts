import type { GuestName } from '../src/contract/names.ts'
import { Cancelled, Refusal, reasonOf } from '../src/contract/refusal.ts'
import type { SnapshotId } from '../src/contract/snapshot.ts'
import type { StageSnapshotPart, StageSnapshotView } from '../src/contract/stage.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { SnapshotStore, newSnapshotId } from '../src/node/guest-state/snapshot-store.ts'
import { type StageSnapshotRecord, StageStore } from '../src/node/guest-state/stage-store.ts'
import { Publisher } from '../src/publisher.ts'
import { Barrier } from '../src/stage/barrier.ts'
import { notFound } from './error-map.ts'
import type { SnapshotService } from './snapshot-service.ts'
import { type Holder, type StagePartPorts, StageParts } from './stage-parts.ts'
import type { TaskService } from './task-service.ts'

export interface StageSnapshotPorts extends StagePartPorts {
  readonly tasks: TaskService
  readonly snapshots: SnapshotService
  readonly dataDirectory: string
  /** The guests of the stage that there are. */
  owners(): readonly GuestOwner[]
  message(level: 'info' | 'warning' | 'error', guest: GuestName | null, text: string): void
}

/**
 * Snapshots of a whole stage: one of each guest, all of one instant, and what the switch knew. Its MAC table it learns
 * again from the first frames, and the addresses are made from the MACs, so of the switch only link settings are put back.
 */
export class StageSnapshotService {
  readonly events = new Publisher<StageSnapshotView[]>()
  readonly parts: StageParts
  readonly #ports: StageSnapshotPorts
  readonly #store: StageStore
  #round = 0

  constructor(ports: StageSnapshotPorts) {
    this.#ports = ports
    this.#store = new StageStore(ports.dataDirectory, 'stage')
    this.parts = new StageParts(this.#store, ports)
  }

  async list(): Promise<StageSnapshotView[]> {
    return this.#views(this.#store.list())
  }

  /** All are paused, then all are written, then all go on; when one cannot be, none was. */
  async take(title: string | undefined, signal: AbortSignal | undefined): Promise<StageSnapshotView> {
    const owners = this.#ports.owners()
    if (owners.length === 0) throw new Refusal('wrong-state', 'the stage', 'it has no guests yet', 'make them with: diptych up')
    const id = newSnapshotId()
    const name = title ?? new Date().toLocaleString('sv-SE')
    const record = await this.#ports.tasks.run({ kind: 'snapshot', title: `Snapshot of the stage: ${name}`, guest: null, signal }, async (abort, progress) => {
      progress(`waiting for ${owners.map((owner) => owner.definition.name).join(', ')} to stand still together`)
      const barrier = new Barrier(owners.length)
      abort.addEventListener('abort', () => barrier.fail(new Cancelled('the stage snapshot')), { once: true })
      const gates = { ready: () => barrier.arrive(), paused: () => barrier.arrive(), written: () => barrier.arrive() }
      const paused: number[] = []
      const settled = await Promise.allSettled(
        owners.map(async (owner) => {
          const guest = owner.definition.name
          try {
            const { requested } = owner.view().network.link
            const network = { link: { ...requested, up: owner.view().network.linkUp }, lease: { mac: owner.definition.mac, ipv4: owner.view().network.ipv4 } }
            const taken = await this.#ports.snapshots.take(guest, { title: name, signal: abort, stage: { id, gates }, paused: (atMs) => paused.push(atMs) })
            return { guest, snapshot: taken.id, kind: taken.kind, pausedMs: taken.pausedMs, ...network }
          } catch (error) {
            barrier.fail(error instanceof Error ? error : new Error(String(error)))
            throw error
          }
        }),
      )
      const parts = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      const failed = settled.find((each) => each.status === 'rejected')
      if (failed !== undefined) {
        for (const part of parts) await this.#ports.snapshots.delete(part.guest, part.snapshot)
        throw failed.reason
      }
      const skewMs = paused.length < 2 ? 0 : Math.round((Math.max(...paused) - Math.min(...paused)) * 10) / 10
      const taken: StageSnapshotRecord = { form: 1, id, title: name, takenAt: new Date().toISOString(), parts: parts.map(({ pausedMs: _pausedMs, ...part }) => part), skewMs, pausedMs: Math.max(0, ...parts.map((part) => part.pausedMs)) }
      this.#store.write(taken)
      return taken
    })
    return this.#told(record)
  }

  /** Throws Refusal when it cannot be restored, naming the guest whose part is missing; nothing has been touched then. */
  async demandUsable(id: SnapshotId): Promise<void> {
    const record = this.find(id)
    const holders = this.parts.holders()
    for (const { guest, snapshot } of record.parts) {
      const holder = holders.get(snapshot)
      if (holder === undefined) throw new Refusal('damaged', record.title, `the part of ${guest} was deleted`, 'the other guests can still go back to theirs, each by itself; or go back to another snapshot')
      if (holder.trash !== null) throw new Refusal('wrong-state', record.title, `${guest} is in the trash, and its part with it`, `bring it back first: diptych trash restore ${holder.trash}`)
      await this.#ports.snapshots.demandUsable(guest, snapshot)
    }
  }

  /** Every guest's machine is loaded before the first one runs. */
  async restore(id: SnapshotId, signal: AbortSignal | undefined): Promise<void> {
    await this.demandUsable(id)
    const record = this.find(id)
    await this.#ports.tasks.run({ kind: 'restore', title: `The stage back to ${record.title}`, guest: null, signal, cancellable: false }, async (_abort, progress) => {
      progress('loading every guest')
      const barrier = new Barrier(record.parts.length)
      const settled = await Promise.allSettled(
        record.parts.map(async ({ guest, snapshot, link }) => {
          try {
            await this.#owner(guest).setControls({ linkUp: link.up, link: { tx: link.tx, rx: link.rx } }, 0)
            await this.#ports.snapshots.restore(guest, snapshot, { loaded: () => barrier.arrive() })
          } catch (error) {
            barrier.fail(error instanceof Error ? error : new Error(reasonOf(error)))
            throw error
          }
        }),
      )
      const failed = settled.find((each) => each.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    })
  }

  rename(id: SnapshotId, title: string): Promise<StageSnapshotView> {
    const record = { ...this.find(id), title }
    this.#store.write(record)
    return this.#told(record)
  }

  /** A guest was renamed, deleted or brought back, or a snapshot of one was deleted: that is done, whatever comes of this. */
  partsChanged(): void {
    try {
      this.parts.settle()
    } catch (error) {
      this.#ports.message('warning', null, `the snapshots of the stage could not follow their guests; they will when Diptych opens next: ${reasonOf(error)}`)
    }
    this.#tell().catch((error: unknown) => this.#ports.message('warning', null, `the snapshots of the stage could not be read: ${reasonOf(error)}`))
  }

  /** The file goes first: what is left of the parts then is swept when the host opens. Parts in the trash go as well. */
  async delete(id: SnapshotId): Promise<number> {
    const { parts } = this.find(id)
    this.#store.remove(id)
    const holders = this.parts.holders()
    const outcomes = await Promise.allSettled(parts.map(({ snapshot }) => this.#deletePart(snapshot, holders.get(snapshot))))
    await this.#tell()
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    return outcomes.reduce((sum, outcome) => sum + (outcome.status === 'fulfilled' ? outcome.value : 0), 0)
  }

  async #deletePart(snapshot: SnapshotId, holder: Holder | undefined): Promise<number> {
    if (holder === undefined) return 0
    return holder.trash === null ? this.#ports.snapshots.delete(holder.guest, snapshot) : this.#ports.snapshots.deleteInTrash(holder.folder, snapshot)
  }

  /**
   * Parts without their stage snapshot go; a part whose guest was renamed by a host that was killed before it said so here is
   * found where its snapshot is. After the guests' own snapshots were put in order.
   */
  async recover(): Promise<void> {
    this.#store.sweep()
    const known = new Set(this.#store.list().map((record) => record.id))
    for (const [id, holder] of this.parts.holders()) {
      const stage = new SnapshotStore(holder.folder).find(id)?.stage ?? null
      if (stage === null || known.has(stage)) continue
      await this.#deletePart(id, holder).catch((error: unknown) => this.#ports.message('warning', holder.guest, `a part of an unfinished stage snapshot could not be removed: ${reasonOf(error)}`))
    }
    this.parts.settle()
  }

  find(id: SnapshotId): StageSnapshotRecord {
    const records = this.#store.list()
    const found = records.find((record) => record.id === id)
    if (found === undefined) throw notFound('stage snapshot', id, records.map((record) => record.id))
    return found
  }

  async #views(records: readonly StageSnapshotRecord[]): Promise<StageSnapshotView[]> {
    const holders = this.parts.holders()
    const kept = records.flatMap(({ parts }) => parts.map(({ snapshot }) => snapshot))
    const folders = new Set(kept.flatMap((id) => holders.get(id)?.folder ?? []))
    const sizes = new Map((await Promise.all([...folders].map((folder) => this.#ports.snapshots.sizes(folder)))).flatMap((each) => [...each]))
    return Promise.all(records.map((record) => this.#view(record, holders, sizes)))
  }

  async #view(record: StageSnapshotRecord, holders: ReadonlyMap<SnapshotId, Holder>, sizes: ReadonlyMap<SnapshotId, number | null>): Promise<StageSnapshotView> {
    const { id, title, takenAt, skewMs, pausedMs } = record
    const parts = record.parts.map(({ guest, snapshot, kind }): StageSnapshotPart => {
      const holder = holders.get(snapshot)
      return { guest, snapshot, kind, place: holder === undefined ? 'gone' : holder.trash === null ? 'guest' : 'trash', trash: holder?.trash ?? null }
    })
    const reasons = await Promise.all(parts.map((part) => this.#against(part)))
    const against = reasons.filter((reason) => reason !== null)
    const bytes = parts.reduce<number | null>((sum, { snapshot, place }) => {
      const own = place === 'gone' ? 0 : (sizes.get(snapshot) ?? null)
      return sum === null || own === null ? null : sum + own
    }, 0)
    return { id, title, takenAt, parts, skewMs, pausedMs, bytes, unusable: against.length === 0 ? null : against.join(' ') }
  }

  /** Why a part keeps the whole from being restored, a whole sentence. */
  async #against({ guest, snapshot, place }: StageSnapshotPart): Promise<string | null> {
    if (place === 'gone') return `The part of ${guest} was deleted.`
    if (place === 'trash') return `The part of ${guest} is in the trash with it: restore ${guest} first.`
    const { snapshots } = this.#ports
    const reason = await snapshots.unusable(guest, snapshot).catch((error: unknown) => `${reasonOf(error)}.`)
    if (reason === null) return null
    const disk = snapshots.diskUsable(guest, snapshot) ? ` The disk alone can be gone back to, in the snapshots of ${guest}.` : ''
    return `The part of ${guest} cannot be restored: ${reason}${disk}`
  }

  #owner(name: GuestName): GuestOwner {
    const everyone = this.#ports.everyone()
    const owner = everyone.find((each) => each.definition.name === name)
    if (owner === undefined) throw notFound('guest', name, everyone.map((each) => each.definition.name))
    return owner
  }

  async #told(record: StageSnapshotRecord): Promise<StageSnapshotView> {
    const view = (await this.#tell()).find(({ id }) => id === record.id)
    if (view === undefined) throw notFound('stage snapshot', record.id, [])
    return view
  }

  async #tell(): Promise<StageSnapshotView[]> {
    this.#round += 1
    const round = this.#round
    const list = await this.list()
    if (round === this.#round) this.events.publish(list, 'stage') // else what is newer is on its way
    return list
  }
}
