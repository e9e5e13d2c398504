import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GuestName } from '../contract/names.ts'
import { Refusal, reasonOf } from '../contract/refusal.ts'
import { editGuestFile, formatGuestFile, parseGuestFile } from '../guest/definition-file.ts'
import type { GuestDefinition } from '../guest/definition.ts'
import { settingsOf } from '../guest/settings.ts'
import { writeFileAtomic } from './file/atomic.ts'
import { GuestFolders } from './guest-folders.ts'

/** A guest directory whose file cannot be used; it is left as it is. */
export interface UnusableGuest {
  readonly name: string
  readonly path: string
  readonly reason: string
}

/** The guests on disk: `<data>/guests/<name>/guest.yaml`. Reads all at start; writes are atomic and keep comments. */
export class GuestStore {
  readonly folders: GuestFolders
  #writes: Promise<unknown> = Promise.resolve()

  constructor(dataDirectory: string) {
    this.folders = new GuestFolders(join(dataDirectory, 'guests'))
  }

  directory(name: GuestName): string {
    return this.folders.path(name)
  }

  filePath(name: GuestName): string {
    return join(this.directory(name), 'guest.yaml')
  }

  /** Reads all, after ending what a killed host had begun. Only for the holder of the data directory's lock. */
  load(): { guests: GuestDefinition[]; unusable: UnusableGuest[] } {
    this.folders.recover()
    const guests: GuestDefinition[] = []
    const unusable: UnusableGuest[] = []
    for (const entry of readdirSync(this.folders.root, { withFileTypes: true }).sort((left, right) => left.name.localeCompare(right.name))) {
      if (!entry.isDirectory() || !GuestName.safeParse(entry.name).success) continue
      const path = join(this.folders.root, entry.name, 'guest.yaml')
      try {
        const definition = parseGuestFile(readFileSync(path, 'utf8'), path)
        if (definition.name !== entry.name) throw new Error(`${path} names the guest "${definition.name}", but its folder is "${entry.name}": make them the same`)
        guests.push(definition)
      } catch (error) {
        unusable.push({ name: entry.name, path, reason: reasonOf(error) })
      }
    }
    return { guests, unusable }
  }

  /** A new guest with nothing but its file. Throws Refusal when the name is taken. */
  async create(definition: GuestDefinition): Promise<void> {
    const folder = this.folders.begin()
    try {
      await writeFileAtomic(join(folder, 'guest.yaml'), formatGuestFile(definition))
      await this.folders.place(folder, definition.name)
    } finally {
      await this.folders.discard(folder)
    }
  }

  /** The guest's file as it is now, with what tells it from every other. Throws GuestFileFault. */
  read(name: GuestName): GuestFile {
    const text = readFileSync(this.filePath(name), 'utf8')
    return guestFile(text, this.filePath(name))
  }

  /** Changes single values, one write after the other. */
  edit(name: GuestName, changes: readonly FileChange[]): Promise<void> {
    return this.#inTurn(async () => {
      const path = this.filePath(name)
      await writeFileAtomic(path, editGuestFile(readFileSync(path, 'utf8'), changes))
    })
  }

  /**
   * Changes values of a file that still has the settings that were read, or throws Refusal('in-use') and leaves what
   * somebody else wrote. The result is checked before it takes the old one's place.
   */
  editExactly(name: GuestName, hash: string, changes: readonly FileChange[]): Promise<GuestFile> {
    return this.#inTurn(async () => {
      const path = this.filePath(name)
      const before = readFileSync(path, 'utf8')
      if (guestFile(before, path).hash !== hash) throw new Refusal('in-use', path, 'it was changed since it was read', 'look at what it says now, and change it again')
      const text = editGuestFile(before, changes)
      const edited = guestFile(text, path)
      await writeFileAtomic(path, text)
      return edited
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#writes.then(work)
    this.#writes = turn.catch(() => undefined) // the next write must not fail because this one did; the caller is told
    return turn
  }
}

export type FileChange = Parameters<typeof editGuestFile>[1][number]

/** A guest.yaml: its text, what it says, and what tells its settings (sliders apart, which move) from others. */
export interface GuestFile {
  readonly text: string
  readonly hash: string
  readonly definition: GuestDefinition
}

function guestFile(text: string, path: string): GuestFile {
  const definition = parseGuestFile(text, path)
  return { text, definition, hash: createHash('sha256').update(JSON.stringify(settingsOf(definition))).digest('hex') }
}
