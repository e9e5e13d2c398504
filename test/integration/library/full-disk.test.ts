import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EditService } from '../../../main/edit-service.ts'
import type { GuestRegistry } from '../../../main/guest-registry.ts'
import { type GuestCreation, LibraryService } from '../../../main/library-service.ts'
import { GuestName } from '../../../src/contract/names.ts'
import type { GuestDefinition } from '../../../src/guest/definition.ts'
import { GuestStore } from '../../../src/node/guest-store.ts'
import { Trash } from '../../../src/node/trash.ts'

/** A file system of 2 MiB of our own, in which a disk can really be full. */
const mountable = process.getuid?.() === 0
const name = GuestName.parse('web')
const creation: GuestCreation = { name, title: 'Web', kind: 'linux', os: 'Debian', profile: 'linux-modern', vcpus: 1, memoryMiB: 256, firmware: 'bios', source: { disk: 'own' }, disk: { sizeMiB: 64 } }

/** A registry of stopped guests, and nothing else of one. */
class StoppedGuests {
  readonly definitions = new Map<string, GuestDefinition>()
  all = () => [...this.definitions.values()].map((definition) => this.#owner(definition))
  find = (wanted: string) => this.all().find(({ definition }) => definition.name === wanted)
  get = (wanted: string) => this.find(wanted) ?? expect.fail(`no guest ${wanted}`)
  add = (definition: GuestDefinition) => {
    this.definitions.set(definition.name, definition)
    return this.#owner(definition)
  }
  remove = (gone: string) => this.definitions.delete(gone)
  #owner = (definition: GuestDefinition) => ({ definition, state: 'stopped', busy: false, machine: null, current: () => ({ view: { name: definition.name } }), redefine: () => undefined })
}

let data = ''
let guests: StoppedGuests
let store: GuestStore
let library: LibraryService
let editing: EditService
const fill = () => {
  try {
    for (let at = 0; ; at += 1) writeFileSync(join(data, `filling-${at}`), Buffer.alloc(at < 600 ? 4096 : 1))
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC')
  }
}
const makeRoom = () => readdirSync(data).filter((each) => each.startsWith('filling')).forEach((each) => rmSync(join(data, each)))
const full = { part: 'disk', remedy: expect.stringContaining('free') }

beforeEach(() => {
  if (!mountable) return
  data = mkdtempSync(join(tmpdir(), 'dl-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', data])
  guests = new StoppedGuests()
  store = new GuestStore(data)
  const registry = guests as unknown as GuestRegistry // the part of one that is asked here
  library = new LibraryService({ guests: registry, store, trash: new Trash(data), gone: () => undefined, trashChanged: () => undefined })
  editing = new EditService({ guests: registry, store, library, description: () => null, edited: () => undefined, renamed: () => undefined })
})
afterEach(() => {
  if (!mountable) return
  execFileSync('umount', [data])
  rmSync(data, { recursive: true })
})

test.runIf(mountable)('on a full disk nothing is made by halves, and everything works once there is room', async () => {
  fill()
  await expect(library.create(creation)).rejects.toMatchObject(full)
  expect(readdirSync(store.folders.root)).toEqual([])
  makeRoom()
  await library.create(creation)

  const path = store.filePath(name)
  const before = readFileSync(path, 'utf8')
  fill()
  const to = GuestName.parse('new')
  await expect(editing.edit(name, { title: 'New' }, undefined)).rejects.toMatchObject(full)
  await expect(editing.rename(name, to)).rejects.toMatchObject(full)
  expect(readFileSync(path, 'utf8')).toBe(before)
  expect(readdirSync(store.directory(name)).sort()).toEqual(['disk.qcow2', 'guest.yaml'])

  // Deleting and purging are how room is made: they need none.
  const kept = await library.delete(name)
  await expect(library.restore(kept.id, to)).rejects.toMatchObject(full)
  expect((await library.listTrash()).map(({ id }) => id)).toEqual([kept.id])
  makeRoom()
  await library.restore(kept.id, to)
  expect(existsSync(store.filePath(to))).toBe(true)
  fill()
  const gone = await library.delete(to)
  await library.purge(gone.id)
  expect(await library.listTrash()).toEqual([])
})
