import { randomBytes } from 'node:crypto'
import { renameSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { diskFull, isDiskFull, makeRoom } from '../src/contract/disk-full.ts'
import { type GuestUpdate, isStopped } from '../src/contract/guest.ts'
import type { GuestName } from '../src/contract/names.ts'
import { Fault, Refusal, reasonOf } from '../src/contract/refusal.ts'
import type { TrashId, TrashItem } from '../src/contract/trash.ts'
import type { GuestDefinition } from '../src/guest/definition.ts'
import { editGuestFile, formatGuestFile } from '../src/guest/definition-file.ts'
import { type NewGuest, defineGuest, identityFor, macsOf } from '../src/guest/new-guest.ts'
import type { GuestStore } from '../src/node/guest-store.ts'
import { makeEmptyDisk } from '../src/node/qemu/disk-image.ts'
import { makeBackingsRelative } from '../src/node/qemu/inner-backing.ts'
import type { Trash } from '../src/node/trash.ts'
import { Publisher } from '../src/publisher.ts'
import { notFound } from './error-map.ts'
import type { GuestRegistry } from './guest-registry.ts'

export interface LibraryPorts {
  readonly guests: GuestRegistry
  readonly store: GuestStore
  readonly trash: Trash
  /** The guest is gone, or has the name `to` now: whoever keeps something under its name follows. */
  gone(name: GuestName, to: GuestName | null): void
  /** A guest went to the trash, came back from it or was purged. */
  trashChanged(): void
}

/** A guest to make, and what becomes its disk.qcow2; null for none (a demonstration guest's is made at its first start). */
export interface GuestCreation extends NewGuest {
  readonly disk: { readonly staged: string } | { readonly sizeMiB: number } | null
}

/** Makes, moves and removes guests. Owns nothing but the order of the steps; the folders are the store's and the trash's. */
export class LibraryService {
  readonly trashed = new Publisher<TrashItem[]>()
  readonly #ports: LibraryPorts
  readonly #busy = new Set<TrashId>()

  constructor(ports: LibraryPorts) {
    this.#ports = ports
  }

  /** Ends what a killed host had begun. Only for the holder of the data directory's lock, before the guests are read. */
  recover(): void {
    this.#ports.trash.recover()
  }

  isFree(name: GuestName): boolean {
    const { guests, store } = this.#ports
    return name !== 'host' && guests.find(name) === undefined && !store.folders.isTaken(name)
  }

  /**
   * A folder on the guests' disk to put a new guest together in: with `disk.staged` in it, the whole folder becomes the
   * guest's. It is swept when the host dies, so give it copies and links, never somebody's only file. `discard` it after.
   */
  stage(): { folder: string; discard(): Promise<void> } {
    const { folders } = this.#ports.store
    const folder = folders.begin()
    return { folder, discard: () => folders.discard(folder) }
  }

  /**
   * Makes a whole guest or, rejecting, none. A staged disk is moved (a rename: it must be on the data directory's disk); if
   * its folder came from `stage`, everything else in there comes along.
   */
  async create(creation: GuestCreation, signal?: AbortSignal): Promise<GuestUpdate> {
    const { guests, store } = this.#ports
    const { disk, ...guest } = creation
    if (!this.isFree(guest.name)) throw new Refusal('already-exists', guest.name, 'another guest has that name, or a folder of the data directory')
    const definition = defineGuest(guest, this.takenMacs(), (count) => randomBytes(count))
    const staged = disk !== null && 'staged' in disk ? disk.staged : null
    let folder: string | null = null
    try {
      folder = staged !== null && dirname(dirname(staged)) === store.folders.root ? dirname(staged) : store.folders.begin()
      const path = join(folder, 'disk.qcow2')
      if (staged !== null && staged !== path) renameSync(staged, path)
      if (disk !== null && 'sizeMiB' in disk) await makeEmptyDisk(path, disk.sizeMiB, signal)
      await writeFile(join(folder, 'guest.yaml'), formatGuestFile(definition), { flag: 'wx', mode: 0o600 })
      signal?.throwIfAborted()
      await store.folders.place(folder, definition.name)
    } catch (error) {
      throw onDisk(error, `${guest.name} could not be made`)
    } finally {
      if (folder !== null) await store.folders.discard(folder)
    }
    return guests.add(definition).current()
  }

  /** Its folder goes to the trash as it is. */
  async delete(name: GuestName): Promise<TrashItem> {
    const { guests, store, trash, gone } = this.#ports
    demandStopped(guests, name, 'deleted')
    await makeBackingsRelative(store.directory(name))
    demandStopped(guests, name, 'deleted')
    const id = trash.take(store.directory(name), name, Date.now()) // from here on in one turn: nothing can start it
    guests.remove(name)
    gone(name, null)
    await this.#tellTrash()
    return trash.item(id)
  }

  listTrash(): Promise<TrashItem[]> {
    const { trash } = this.#ports
    return Promise.all(trash.ids().map((id) => trash.item(id)))
  }

  async watchTrash(signal: AbortSignal | undefined): Promise<AsyncGenerator<TrashItem[], void, void>> {
    return this.trashed.subscribe([await this.listTrash()], signal)
  }

  /** Back among the guests, under `as` or the name it had; with a new identity where another guest has its own by now. */
  async restore(id: TrashId, as: GuestName | undefined): Promise<GuestUpdate> {
    const { guests, store, trash } = this.#ports
    return this.#withTrashed(id, async () => {
      const file = trash.read(id)
      if ('problem' in file) throw new Fault('disk', `it cannot be restored: ${file.problem}`, { remedy: `correct ${join(trash.path(id), 'guest.yaml')}` })
      const name = as ?? file.definition.name
      if (!this.isFree(name)) throw new Refusal('already-exists', name, 'another guest has that name by now', 'restore it under another name: diptych trash restore <id> --name NAME')
      const identity = identityFor(file.definition, guests.all().map((owner) => owner.definition), this.takenMacs(), (count) => randomBytes(count))
      const text = editGuestFile(file.text, [{ path: ['name'], value: name }, ...Object.entries(identity).map(([key, value]) => ({ path: [key], value }))])
      const definition = { ...file.definition, ...identity, name }
      try {
        await store.folders.move(trash.path(id), name, text, { before: () => undefined, after: () => void guests.add(definition) })
      } catch (error) {
        throw onDisk(error, `${name} could not be restored`)
      }
      return guests.get(name).current()
    })
  }

  purge(id: TrashId): Promise<number> {
    return this.#withTrashed(id, () => this.#ports.trash.purge(id))
  }

  async purgeAll(): Promise<{ freedBytes: number; purged: number }> {
    let freedBytes = 0
    const ids = this.#ports.trash.ids()
    for (const id of ids) freedBytes += await this.purge(id)
    return { freedBytes, purged: ids.length }
  }

  /** Where the disks of deleted guests are. */
  trashedFolders(): { id: TrashId; name: GuestName; folder: string }[] {
    const { trash } = this.#ports
    return trash.ids().map((id) => ({ id, name: trash.nameOf(id), folder: trash.path(id) }))
  }

  /** What deleted guests were, as far as they can be read. */
  trashedDefinitions(): GuestDefinition[] {
    const { trash } = this.#ports
    return trash.ids().flatMap((id) => {
      const file = trash.read(id)
      return 'problem' in file ? [] : [file.definition]
    })
  }

  takenMacs(): ReadonlySet<string> {
    return new Set(this.#ports.guests.all().flatMap(({ definition }) => macsOf(definition)))
  }

  /** One thing at a time happens to something in the trash. */
  async #withTrashed<T>(id: TrashId, work: () => Promise<T>): Promise<T> {
    const { trash } = this.#ports
    if (!trash.has(id)) throw notFound('deleted guest', id, trash.ids())
    if (this.#busy.has(id)) throw new Refusal('busy', id, 'it is being restored or purged')
    this.#busy.add(id)
    try {
      return await work()
    } finally {
      this.#busy.delete(id)
      await this.#tellTrash()
    }
  }

  async #tellTrash(): Promise<void> {
    this.#ports.trashChanged()
    if (this.trashed.readers > 0) this.trashed.publish(await this.listTrash(), 'trash')
  }
}

/** Throws Refusal unless the guest is off and has no suspended state that knows where it is. */
export function demandStopped(guests: GuestRegistry, name: GuestName, what: 'deleted' | 'renamed' | 'given another disk'): void {
  const { state, busy } = guests.get(name)
  if (busy) throw new Refusal('busy', name, 'something else is being done with it')
  if (isStopped(state) || (state === 'suspended' && what === 'deleted')) return
  const remedy = state === 'suspended' ? `resume it, and stop it: diptych start ${name}` : `stop it first: diptych stop ${name}`
  throw new Refusal('wrong-state', name, `it can be ${what} only while it is stopped; it is ${state}`, remedy)
}

/** What a full or read-only disk says, with the way out; everything else as it is. */
export function onDisk(error: unknown, what: string): unknown {
  const { code = '', path } = (error ?? {}) as NodeJS.ErrnoException
  if (isDiskFull(error)) return new Fault('disk', `${what}: ${diskFull({ what: 'its file', place: path })}`, { remedy: makeRoom, cause: error })
  if (!['EROFS', 'EACCES', 'EXDEV', 'EIO'].includes(code)) return error
  return new Fault('disk', `${what}: ${reasonOf(error)}`, { remedy: 'check the data directory: its disk, and who may write there', cause: error })
}
