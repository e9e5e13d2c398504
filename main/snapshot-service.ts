import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { GuestName } from '../src/contract/names.ts'
import { Fault, Refusal, reasonOf } from '../src/contract/refusal.ts'
import type { SnapshotId, SnapshotKind, SnapshotTree, SnapshotView } from '../src/contract/snapshot.ts'
import { whileFrozen } from '../src/engine/frozen.ts'
import { unlessAborted } from '../src/engine/unless-aborted.ts'
import type { Engine, Machine, SaveStateRequest } from '../src/engine/engine.ts'
import type { GuestHold } from '../src/guest/carry-out.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { diskUse } from '../src/node/file/disk-use.ts'
import { clearJournal, readJournal, writeJournal } from '../src/node/guest-state/journal.ts'
import { type MachineFile, keepMachineFiles, machineFilesOf } from '../src/node/guest-state/machine-files.ts'
import { demandBases, followCache } from '../src/node/guest-state/moved-cache.ts'
import { deleteMark, deleteSnapshot, finishRestore, markOf, recover, releaseDisks, sweepTemporary } from '../src/node/guest-state/snapshot-steps.ts'
import { discsOf } from '../src/node/guest-state/saved-discs.ts'
import { type SnapshotRecord, SnapshotStore, newSnapshotId } from '../src/node/guest-state/snapshot-store.ts'
import { isSuspended } from '../src/node/guest-state/suspended.ts'
import { idleDisk } from '../src/node/qemu/disk-snapshot.ts'
import { keepDisk, keptDisks, snapshotsDirectory } from '../src/node/qemu/kept-disk.ts'
import { readSavedState } from '../src/node/qemu/saved-state.ts'
import { exclusiveBytes } from '../src/node/qemu/snapshot-sizes.ts'
import { Publisher } from '../src/publisher.ts'
import { notFound } from './error-map.ts'
import type { TaskService } from './task-service.ts'

export interface SnapshotPorts {
  readonly tasks: TaskService
  readonly engine: Engine
  readonly cacheDirectory: string
  owners(): readonly GuestOwner[]
  owner(name: GuestName): GuestOwner
  directory(name: GuestName): string
  message(level: 'info' | 'warning' | 'error', guest: GuestName, text: string): void
  /** One is gone that a snapshot of the stage may have stood on. */
  deleted(): void
}

export interface TakeOptions {
  readonly title?: string | undefined
  readonly kind?: SnapshotKind | undefined
  readonly signal?: AbortSignal | undefined
  /** The stage snapshot it is a part of, and where it waits for the other parts. */
  readonly stage?: { readonly id: SnapshotId; readonly gates: NonNullable<SaveStateRequest['gates']> }
  /** Told when the machine came to stand. */
  readonly paused?: (atMs: number) => void
}

export interface RestoreOptions {
  readonly signal?: AbortSignal | undefined
  /** The disk without the memory of a live one: the guest then starts cold. */
  readonly diskOnly?: boolean
  /** Called when everything is loaded and nothing runs yet, or when there is nothing to load. */
  readonly loaded?: () => Promise<void>
}

/** The snapshots of all guests: takes, restores, deletes, names them; tells everybody. One owner's work at a time per guest. */
export class SnapshotService {
  readonly events = new Publisher<SnapshotTree>()
  readonly #ports: SnapshotPorts
  readonly #sizes = new Map<SnapshotId, number>()

  constructor(ports: SnapshotPorts) {
    this.#ports = ports
  }

  async tree(name: GuestName): Promise<SnapshotTree> {
    const store = this.#store(name)
    const records = store.list()
    const shares = await sharesOf(store, records)
    const snapshots = await Promise.all(records.map((record) => this.#view(store, record, shares)))
    return { guest: name, current: store.current(this.#disk(name)), snapshots }
  }

  async *watch(signal: AbortSignal | undefined): AsyncGenerator<SnapshotTree, void, void> {
    const names = this.#ports.owners().map((owner) => owner.definition.name)
    yield* this.events.subscribe(await Promise.all(names.map((name) => this.tree(name))), signal)
  }

  /** Answers when the snapshot is on disk; the guest stood still only while it was written. */
  async take(name: GuestName, options: TakeOptions = {}): Promise<SnapshotView> {
    const id = newSnapshotId()
    const title = options.title ?? new Date().toLocaleString('sv-SE')
    await this.#ports.tasks.run({ kind: 'snapshot', title: `Snapshot of ${name}: ${title}`, guest: name, signal: options.signal }, (signal) => this.#hold(name, 'snapshot', (hold) => this.#take(name, id, title, { ...options, signal: AbortSignal.any([signal, hold.signal]) }, hold)))
    return this.#published(name, id)
  }

  /** `keep` is the caller's: it takes a snapshot first. */
  async restore(name: GuestName, id: SnapshotId, options: RestoreOptions = {}): Promise<void> {
    const record = this.find(name, id)
    const up = this.#ports.owner(name).machine !== null
    const ends = goesOn(record, options) || up ? 'running' : 'stopped'
    const title = `${name} back to ${options.diskOnly === true ? 'the disk of ' : ''}${record.title}`
    const work = (signal: AbortSignal) => this.#hold(name, 'restore', (hold) => this.#restore(name, record, AbortSignal.any([signal, hold.signal]), hold, options), ends)
    await this.#ports.tasks.run({ kind: 'restore', title, guest: name, signal: options.signal }, work)
    await this.#tell(name)
  }

  /** Throws Refusal when it cannot be restored here; nothing has been touched then. */
  async demandUsable(name: GuestName, id: SnapshotId, options: RestoreOptions = {}): Promise<void> {
    await this.#demandUsable(name, this.find(name, id), options)
  }

  /** Why it cannot be restored here, a whole sentence; null when it can. */
  async unusable(name: GuestName, id: SnapshotId): Promise<string | null> {
    return this.#unusable(this.#store(name), this.find(name, id))
  }

  /** Whether its disk by itself can be gone back to. */
  diskUsable(name: GuestName, id: SnapshotId): boolean {
    const store = this.#store(name)
    const record = store.find(id)
    return record !== null && diskGone(store, record) === null
  }

  async delete(name: GuestName, id: SnapshotId): Promise<number> {
    const record = this.find(name, id)
    const store = this.#store(name)
    let reclaimed = 0
    await this.#ports.tasks.run({ kind: 'delete', title: `Delete the snapshot ${record.title} of ${name}`, guest: name, cancellable: false }, () =>
      this.#hold(name, 'tend', async (hold) => {
        reclaimed = await deleteSnapshot(store, record, this.#disk(name), hold.machine(), `start ${name} first: diptych start ${name}`)
        return hold.state()
      }),
    )
    this.#ports.deleted()
    await this.#tell(name)
    return reclaimed
  }

  /** Of a guest that is in the trash, which nobody else works on. */
  async deleteInTrash(folder: string, id: SnapshotId): Promise<number> {
    const store = new SnapshotStore(folder)
    const record = store.find(id)
    return record === null ? 0 : deleteSnapshot(store, record, join(folder, 'disk.qcow2'), null, 'restore the guest from the trash and start it first')
  }

  /** What each snapshot in a guest's folder takes on the host's disk, in bytes; null where it could not be told. */
  async sizes(folder: string): Promise<Map<SnapshotId, number | null>> {
    const store = new SnapshotStore(folder)
    const records = store.list()
    const shares = await sharesOf(store, records)
    const sizes = records.map(async (record) => {
      const disk = shares.get(markOf(record.id)) ?? null
      return [record.id, disk === null ? null : disk + (await this.#memoryBytes(store, record))] as const
    })
    return new Map(await Promise.all(sizes))
  }

  async rename(name: GuestName, id: SnapshotId, title: string): Promise<SnapshotView> {
    this.#store(name).rewrite({ ...this.find(name, id), title })
    return this.#published(name, id)
  }

  async thumbnail(name: GuestName, id: SnapshotId): Promise<{ png: string; width: number; height: number }> {
    const { screen, title } = this.find(name, id)
    if (screen === null) throw new Refusal('unsupported', title, 'it has no picture: only live snapshots show the screen')
    const bytes = await readFile(join(this.#store(name).directory(id), 'state', 'screen.png'))
    return { png: bytes.toString('base64'), ...screen }
  }

  /** Rejects with NOT_FOUND, naming the ones there are. */
  find(name: GuestName, id: SnapshotId): SnapshotRecord {
    const records = this.records(name)
    const found = records.find((record) => record.id === id)
    if (found === undefined) throw notFound('snapshot', id, records.map((record) => record.id))
    return found
  }

  /** What is on disk of a guest's snapshots, oldest first. */
  records(name: GuestName): SnapshotRecord[] {
    return this.#store(this.#ports.owner(name).definition.name).list()
  }

  /** After the host has opened and adopted: what a killed host left half done is finished or undone. */
  async recover(): Promise<void> {
    for (const owner of this.#ports.owners()) {
      const { name } = owner.definition
      await this.#recover(name).catch((error: unknown) => this.#ports.message('error', name, `what an earlier Diptych left of its snapshots could not be put in order: ${reasonOf(error)}`))
    }
  }

  async #recover(name: GuestName): Promise<void> {
    const directory = this.#ports.directory(name)
    const owner = this.#ports.owner(name)
    await sweepTemporary(directory)
    const left = readJournal(directory)
    const [isLoaded, goesOn] = [isSuspended(directory) && owner.machine !== null, owner.machine?.standsLoaded === true]
    if (left === null && !isLoaded && !goesOn) return
    await this.#hold(name, 'tend', (hold) => hold.state()) // every hold begins by putting things in order
    this.#ports.message('info', name, left === null ? (isLoaded ? 'is suspended: its QEMU had been loaded and had not run' : 'goes on: its memory had been loaded, and Diptych was ended before it ran') : `put in order what an earlier Diptych left (${left.step})`)
    await this.#tell(name)
  }

  /** The guest's owner lets `work` have it; first, what was left half done is put in order. */
  async #hold(name: GuestName, action: 'snapshot' | 'restore' | 'tend', work: (hold: GuestHold) => Promise<Awaited<ReturnType<GuestHold['state']>>>, ends?: 'running' | 'stopped'): Promise<void> {
    const owner = this.#ports.owner(name)
    await owner.request(action, {
      ...(ends === undefined ? {} : { ends }),
      work: async (hold) => {
        const inOrder = await recover(this.#store(name), this.#disk(name), hold.machine())
        if (inOrder === 'end the machine') {
          await hold.quit()
          await recover(this.#store(name), this.#disk(name), null)
        }
        return work(hold)
      },
    })
  }

  async #take(name: GuestName, id: SnapshotId, title: string, options: TakeOptions, hold: GuestHold): Promise<Awaited<ReturnType<GuestHold['state']>>> {
    const directory = this.#ports.directory(name)
    const store = this.#store(name)
    const diskPath = this.#disk(name)
    const machine = hold.machine()
    const kind = options.kind ?? (machine === null ? 'disk' : 'live')
    if (kind === 'live' && machine === null) throw new Refusal('wrong-state', name, 'a live snapshot is taken of a guest that is up', 'take one of its disk: diptych snapshot take --disk')
    options.signal?.throwIfAborted()
    const parent = store.current(diskPath)
    writeJournal(directory, { step: 'take', id, wasRunning: (await hold.state()) === 'running' })
    try {
      const record = { form: 1, id, parent, kind, title, stage: options.stage?.id ?? null, disk: keepDisk(directory, diskPath) } as const
      const folder = store.begin(id)
      hold.tell('taking a snapshot')
      const takenAt = new Date().toISOString()
      const taken = kind === 'live' && machine !== null ? await this.#takeLive(machine, id, directory, folder, options) : await this.#takeDisk(name, id, directory, folder, hold, options)
      store.commit({ ...record, takenAt, ...taken })
      store.setCurrent(id, store.keepsDisk(diskPath))
      clearJournal(directory)
    } catch (error) {
      await deleteMark(store, id, diskPath, machine)
      await store.discard(id)
      await releaseDisks(store)
      clearJournal(directory)
      throw error
    }
    return hold.state()
  }

  async #takeLive(machine: Machine, id: SnapshotId, directory: string, folder: string, { stage, signal, paused }: TakeOptions) {
    let beside: MachineFile[] = []
    const others = gatesOf(stage, signal)
    const gates = {
      ...others,
      paused: async () => {
        beside = keepMachineFiles(directory, folder)
        await others.paused()
      },
    }
    const report = await machine.saveState({ directory: join(folder, 'state'), diskSnapshot: markOf(id), afterwards: 'run', gates, ...(signal === undefined ? {} : { signal }) })
    paused?.(report.pausedAtMs)
    return { pausedMs: report.pausedMs, consistent: true, screen: report.screen, beside }
  }

  /** With the file systems held still by the agent where there is one. */
  async #takeDisk(name: GuestName, id: SnapshotId, directory: string, folder: string, hold: GuestHold, { stage, signal }: TakeOptions) {
    const diskPath = this.#disk(name)
    const machine = hold.machine()
    const gates = gatesOf(stage, signal)
    await gates.ready()
    const begun = performance.now()
    let consistent = machine === null
    let beside: MachineFile[] = []
    const mark = async () => {
      beside = keepMachineFiles(directory, folder)
      await (machine === null ? idleDisk.take(diskPath, markOf(id)) : machine.takeDiskSnapshot(markOf(id)))
    }
    // What is beside the disk changes with it: the guest stands still for both.
    const together = async () => (machine === null || machineFilesOf(directory).length === 0 ? mark() : whilePaused(machine, mark))
    if (machine === null || !hold.agentLive()) await together()
    else {
      const stillFrozen = (reason: string) => this.#ports.message('error', name, `its file systems may still be frozen: ${reason}`)
      const frozen = await whileFrozen(machine.agent, together, { stillFrozen, signal, gone: () => hold.machine() !== machine })
      consistent = frozen.held > 0
      if (!consistent) this.#ports.message('info', name, `the snapshot is as after a power cut: ${frozen.reason ?? 'no reason given'}`)
    }
    const pausedMs = machine === null ? 0 : Math.round(performance.now() - begun)
    await gates.paused()
    await gates.written()
    return { pausedMs, consistent, screen: null, beside }
  }

  async #restore(name: GuestName, record: SnapshotRecord, signal: AbortSignal, hold: GuestHold, options: RestoreOptions): Promise<Awaited<ReturnType<GuestHold['state']>>> {
    const store = this.#store(name)
    const wasUp = hold.machine() !== null
    await this.#demandUsable(name, record, options)
    signal.throwIfAborted() // from here on it is finished, whatever happens
    hold.tell(`going back to ${record.title}`)
    const diskOnly = options.diskOnly === true
    writeJournal(store.guestDirectory, { step: 'restore', id: record.id, ...(diskOnly ? { diskOnly } : {}) })
    await hold.quit()
    try {
      await followCache(store.guestDirectory, this.#disk(name), this.#ports.cacheDirectory)
      await finishRestore(store, record.id, this.#disk(name), diskOnly)
    } catch (error) {
      throw new Fault('disk', `${name} could not be put back to ${record.title}: ${reasonOf(error)}`, { cause: error, remedy: 'it is tried again at its next start; or go back to another snapshot' })
    }
    if (goesOn(record, options)) await hold.start('auto', options.loaded)
    else {
      await options.loaded?.()
      if (wasUp) await hold.start('disk')
    }
    return hold.state()
  }

  /** Everything that can be known beforehand is, while the guest still runs. Memory that cannot be loaded is never left out unasked. */
  async #demandUsable(name: GuestName, record: SnapshotRecord, options: RestoreOptions): Promise<void> {
    const store = this.#store(name)
    const gone = diskGone(store, record)
    if (gone !== null) throw new Refusal('unsupported', record.title, gone)
    const reason = goesOn(record, options) ? await this.#memoryUnusable(store, record) : null
    if (reason !== null) throw new Refusal('unsupported', record.title, reason, `go back to its disk alone, and the guest boots from that as after a power cut: diptych snapshot restore ${name} ${record.id} --disk`)
    const disk = join(snapshotsDirectory(store.guestDirectory), record.disk)
    await demandBases(disk, store.guestDirectory, this.#ports.cacheDirectory)
    if (!(await idleDisk.list(disk)).includes(markOf(record.id))) throw new Refusal('damaged', record.title, 'its disk does not know it any more', 'go back to another snapshot')
  }

  async #unusable(store: SnapshotStore, record: SnapshotRecord, gone = diskGone(store, record)): Promise<string | null> {
    return gone ?? (record.kind === 'live' ? this.#memoryUnusable(store, record) : null)
  }

  async #memoryUnusable(store: SnapshotStore, record: SnapshotRecord): Promise<string | null> {
    try {
      const { manifest } = readSavedState(join(store.directory(record.id), 'state'))
      const lost = discsOf(manifest.spec).find((path) => !existsSync(path))
      if (lost !== undefined) return `The disc that was in its drive is gone: ${lost}.`
      return (await this.#ports.engine.warmKey(manifest.spec)) === manifest.key ? null : `It was taken with another QEMU (${manifest.engineVersion}), on another processor, or by another version of Diptych.`
    } catch (error) {
      return `${reasonOf(error)}.`
    }
  }

  async #view(store: SnapshotStore, record: SnapshotRecord, shares: ReadonlyMap<string, number>): Promise<SnapshotView> {
    const { id, parent, kind, title, takenAt, pausedMs, consistent, stage, screen } = record
    const memoryBytes = await this.#memoryBytes(store, record)
    const gone = diskGone(store, record)
    return { id, parent, kind, title, takenAt, pausedMs, consistent, stage, memoryBytes, diskBytes: shares.get(markOf(id)) ?? null, thumbnail: screen, unusable: await this.#unusable(store, record, gone), diskUsable: gone === null }
  }

  async #memoryBytes(store: SnapshotStore, { id, kind }: SnapshotRecord): Promise<number> {
    if (kind === 'disk') return 0
    const bytes = this.#sizes.get(id) ?? (await diskUse(store.directory(id)))
    this.#sizes.set(id, bytes)
    return bytes
  }

  async #published(name: GuestName, id: SnapshotId): Promise<SnapshotView> {
    const tree = await this.#tell(name)
    const view = tree.snapshots.find((each) => each.id === id)
    if (view === undefined) throw notFound('snapshot', id, tree.snapshots.map((each) => each.id))
    return view
  }

  async #tell(name: GuestName): Promise<SnapshotTree> {
    const tree = await this.tree(name)
    this.events.publish(tree, name)
    return tree
  }

  #store(name: GuestName): SnapshotStore {
    return new SnapshotStore(this.#ports.directory(name))
  }

  #disk(name: GuestName): string {
    return join(this.#ports.directory(name), 'disk.qcow2')
  }
}

/** Whether the guest goes on from the memory of that instant. */
function goesOn({ kind }: SnapshotRecord, { diskOnly }: RestoreOptions): boolean {
  return kind === 'live' && diskOnly !== true
}

/** The waiting for the other guests of the stage, which ends with the snapshot. */
function gatesOf(stage: TakeOptions['stage'], signal: AbortSignal | undefined): NonNullable<SaveStateRequest['gates']> {
  const at = (gate: keyof NonNullable<SaveStateRequest['gates']>) => async () => (stage === undefined ? undefined : unlessAborted(stage.gates[gate](), signal))
  return { ready: at('ready'), paused: at('paused'), written: at('written') }
}

/** What each mark's disk holds alone; without those that could not be read. */
function sharesOf({ guestDirectory }: SnapshotStore, records: readonly SnapshotRecord[]): Promise<Map<string, number>> {
  return exclusiveBytes(keptDisks(guestDirectory), records.map(({ id }) => markOf(id))).catch(() => new Map<string, number>())
}

function diskGone(store: SnapshotStore, { disk }: SnapshotRecord): string | null {
  return keptDisks(store.guestDirectory).some((path) => path.endsWith(`/${disk}`)) ? null : 'The disk it is in is gone.'
}

/** Does `work` while the guest stands still; it runs again afterwards if it ran before, also when that failed. */
async function whilePaused(machine: Machine, work: () => Promise<void>): Promise<void> {
  const ran = (await machine.status()) === 'running'
  if (ran) await machine.pause()
  try {
    await work()
  } finally {
    if (ran) await machine.resume()
  }
}
