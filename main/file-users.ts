import { existsSync, readdirSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { GuestName } from '../src/contract/names.ts'
import type { GuestDefinition } from '../src/guest/definition.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { discsIn, discsOf, savedDiscsOf } from '../src/node/guest-state/saved-discs.ts'
import { examineDisk } from '../src/node/image/examine-disk.ts'
import { backingName } from '../src/node/qemu/inner-backing.ts'
import type { TemplateStore } from '../src/node/template/template-store.ts'

export interface FileUserPorts {
  guests(): readonly GuestOwner[]
  guestFolder(name: GuestName): string
  /** Deleted guests, which may come back, as far as their files can be read; and where they all are. */
  trashed(): readonly GuestDefinition[]
  trashedFolders(): readonly { readonly name: GuestName; readonly folder: string }[]
  templates(): TemplateStore
}

/** A file that somebody needs where it is. */
export interface FileUse {
  readonly path: string
  /** In words: a guest, a deleted one, a template, or saved memory. */
  readonly user: string
}

/** Which files of this computer guests, deleted guests, templates and saved memory name by their paths. Reads the disks anew each time. */
export class FileUsers {
  readonly #ports: FileUserPorts

  constructor(ports: FileUserPorts) {
    this.#ports = ports
  }

  /** Discs in drives, and those that saved memory goes on with. */
  discs(): FileUse[] {
    const { guests, guestFolder, trashed, trashedFolders, templates } = this.#ports
    const store = templates()
    return [
      ...guests().flatMap(({ definition, machine }) => uses(definition.name, [...drivesOf(definition), ...(machine === null ? [] : discsOf(machine.spec))])),
      ...trashed().flatMap((definition) => uses(`${definition.name} (deleted)`, drivesOf(definition))),
      ...guests().flatMap(({ definition: { name } }) => saved(guestFolder(name), name)),
      ...trashedFolders().flatMap(({ name, folder }) => saved(folder, `${name} (deleted)`)),
      ...store.load().flatMap(({ name, definition }) => uses(`the template ${name}`, [...drivesOf(definition), ...discsIn(store.directory(name))])),
    ]
  }

  /** Everybody who needs the file, by whatever name they have it. */
  async of(path: string): Promise<string[]> {
    const file = await stat(path).catch(() => null)
    const isSame = async (used: string) => {
      if (used === path) return true
      const other = await stat(used).catch(() => null)
      return file !== null && other !== null && other.dev === file.dev && other.ino === file.ino
    }
    const found: string[] = []
    for (const { path: used, user } of [...this.discs(), ...(await this.#disks())]) if (!found.includes(user) && (await isSame(used))) found.push(user)
    return found
  }

  /** Disks from elsewhere that are used in place, with every file they consist of. */
  async #disks(): Promise<FileUse[]> {
    const { guests, guestFolder, trashedFolders, templates } = this.#ports
    const store = templates()
    const owners = [
      ...guests().map(({ definition: { name } }) => ({ user: name as string, folder: guestFolder(name) })),
      ...trashedFolders().map(({ name, folder }) => ({ user: `${name} (deleted)`, folder })),
      ...store.load().map(({ name }) => ({ user: `the template ${name}`, folder: store.directory(name) })),
    ]
    return (await Promise.all(owners.map(async ({ user, folder }) => uses(user, await basesOf(folder))))).flat()
  }
}

function uses(user: string, paths: readonly string[]): FileUse[] {
  return [...new Set(paths)].map((path) => ({ path, user }))
}

function drivesOf({ cdrom, driverDisc }: GuestDefinition): string[] {
  return [cdrom, driverDisc].filter((path) => path !== null)
}

function saved(folder: string, guest: string): FileUse[] {
  return savedDiscsOf(folder).flatMap(({ what, discs }) => uses(`${what} of ${guest}`, discs))
}

async function basesOf(folder: string): Promise<string[]> {
  const disks = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('disk.qcow2')) : []
  const bases = await Promise.all(disks.map((name) => backingName(join(folder, name)).catch(() => null)))
  const paths = [...new Set(bases.flatMap((base) => (base === null ? [] : [resolve(folder, base)])))].filter((path) => dirname(path) !== folder)
  // What cannot be read any more is still named by the disk that stands on it.
  return (await Promise.all(paths.map((path) => examineDisk(path, { raw: true }).then(({ files }) => [path, ...files], () => [path])))).flat()
}
