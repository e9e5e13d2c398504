import { randomBytes } from 'node:crypto'
import { renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { GuestUpdate } from '../src/contract/guest.ts'
import type { MacAddress } from '../src/contract/names.ts'
import { Refusal } from '../src/contract/refusal.ts'
import { formatGuestFile } from '../src/guest/definition-file.ts'
import { type NewGuest, defineGuest, macsOf } from '../src/guest/new-guest.ts'
import { writeFileAtomic } from '../src/node/file/atomic.ts'
import type { GuestStore } from '../src/node/guest-store.ts'
import { makeEmptyDisk } from '../src/node/qemu/disk-image.ts'
import type { GuestRegistry } from './guest-registry.ts'

export interface LibraryPorts {
  readonly guests: GuestRegistry
  readonly store: GuestStore
  /** Hardware addresses that no new guest may have: those of guests in the trash and of templates. */
  otherMacs(): readonly MacAddress[]
}

/** A guest to make, and what becomes its disk.qcow2; null for none (a demonstration guest's is made at its first start). */
export interface GuestCreation extends NewGuest {
  readonly disk: { readonly staged: string } | { readonly sizeMiB: number } | null
}

/** Makes, changes and removes guests. Owns nothing but the order of the steps; the folders are the store's. */
export class LibraryService {
  readonly #ports: LibraryPorts

  constructor(ports: LibraryPorts) {
    this.#ports = ports
  }

  /**
   * A folder on the guests' disk to put a new guest together in: with `disk.staged` in it, the whole folder becomes the
   * guest's. It is swept when the host dies, so give it copies and links, never somebody's only file. `discard` it after.
   */
  stage(): { folder: string; discard(): void } {
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
    if (guests.find(guest.name) !== undefined || store.folders.isTaken(guest.name)) throw new Refusal('already-exists', guest.name, 'another guest has that name')
    const definition = defineGuest(guest, this.#takenMacs(), (count) => randomBytes(count))
    const staged = disk !== null && 'staged' in disk ? disk.staged : null
    const folder = staged !== null && dirname(dirname(staged)) === store.folders.root ? dirname(staged) : store.folders.begin()
    try {
      const path = join(folder, 'disk.qcow2')
      if (staged !== null && staged !== path) renameSync(staged, path)
      if (disk !== null && 'sizeMiB' in disk) await makeEmptyDisk(path, disk.sizeMiB, signal)
      await writeFileAtomic(join(folder, 'guest.yaml'), formatGuestFile(definition))
      signal?.throwIfAborted()
      await store.folders.place(folder, definition.name)
    } finally {
      store.folders.discard(folder)
    }
    return guests.add(definition).current()
  }

  #takenMacs(): ReadonlySet<string> {
    return new Set([...this.#ports.guests.all().flatMap(({ definition }) => macsOf(definition)), ...this.#ports.otherMacs()])
  }
}
