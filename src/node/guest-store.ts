import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GuestName } from '../contract/names.ts'
import { reasonOf } from '../contract/refusal.ts'
import { editGuestFile, formatGuestFile, parseGuestFile } from '../guest/definition-file.ts'
import type { GuestDefinition } from '../guest/definition.ts'
import { writeFileAtomic } from './file/atomic.ts'

/** A guest directory whose file cannot be used; it is left as it is. */
export interface UnusableGuest {
  readonly name: string
  readonly path: string
  readonly reason: string
}

/** The guests on disk: `<data>/guests/<name>/guest.yaml`. Reads all at start; writes are atomic and keep comments. */
export class GuestStore {
  readonly #root: string
  #writes: Promise<void> = Promise.resolve()

  constructor(dataDirectory: string) {
    this.#root = join(dataDirectory, 'guests')
    mkdirSync(this.#root, { recursive: true, mode: 0o700 })
  }

  directory(name: GuestName): string {
    return join(this.#root, name)
  }

  load(): { guests: GuestDefinition[]; unusable: UnusableGuest[] } {
    const guests: GuestDefinition[] = []
    const unusable: UnusableGuest[] = []
    for (const entry of readdirSync(this.#root, { withFileTypes: true }).sort((left, right) => left.name.localeCompare(right.name))) {
      if (!entry.isDirectory() || !GuestName.safeParse(entry.name).success) continue
      const path = join(this.#root, entry.name, 'guest.yaml')
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

  async create(definition: GuestDefinition): Promise<void> {
    mkdirSync(this.directory(definition.name), { recursive: true, mode: 0o700 })
    await writeFileAtomic(join(this.directory(definition.name), 'guest.yaml'), formatGuestFile(definition))
  }

  /** Changes single values, one write after the other. */
  edit(name: GuestName, changes: readonly { path: readonly string[]; value: unknown }[]): Promise<void> {
    const path = join(this.directory(name), 'guest.yaml')
    const write = this.#writes.then(() => writeFileAtomic(path, editGuestFile(readFileSync(path, 'utf8'), changes)))
    this.#writes = write.catch(() => undefined) // the next write must not fail because this one did; the caller is told
    return write
  }
}
