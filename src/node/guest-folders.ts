import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { GuestName } from '../contract/names.ts'
import { Fault, Refusal, reasonOf } from '../contract/refusal.ts'
import { parseGuestFile } from '../guest/definition-file.ts'
import { halfWritten, syncAside, syncPath, writeFileAtomic } from './file/atomic.ts'

const unfinished = '.new-'
/** A guest.yaml that is to take the old one's place once its folder has the name in it. */
const renamed = 'guest.yaml.renamed'
/** What is written here by `writeFileAtomic` and its like. */
const ownFiles: ReadonlySet<string | null> = new Set(['guest.yaml', renamed, 'nvram.fd', 'nvram-secure.fd'])

/**
 * The guests' folders, `<root>/<name>/`. One appears, changes its name and goes by a single rename(2) of the folder, so
 * that whoever looks, at whatever moment this process was killed, finds a whole guest or none.
 */
export class GuestFolders {
  readonly root: string

  constructor(root: string) {
    this.root = root
    mkdirSync(root, { recursive: true, mode: 0o700 })
  }

  path(name: GuestName): string {
    return join(this.root, name)
  }

  isTaken(name: GuestName): boolean {
    return existsSync(this.path(name))
  }

  /**
   * A new empty folder beside the guests, to put a guest together in. Whatever is in it when this process dies is swept at
   * the next start, so nothing may be moved into it whose loss would be one.
   */
  begin(): string {
    const folder = join(this.root, `${unfinished}${randomBytes(6).toString('hex')}`)
    mkdirSync(folder, { mode: 0o700 })
    return folder
  }

  /** Aside from the caller's thread: to let go of gibibytes takes the file system seconds. */
  async discard(folder: string): Promise<void> {
    if (dirname(folder) === this.root && basename(folder).startsWith(unfinished)) await rm(folder, { recursive: true, force: true })
  }

  /** Everything in `folder` reaches the disk, then it becomes the guest's. Throws Refusal when the name is taken. */
  async place(folder: string, name: GuestName): Promise<void> {
    // All at once: the file system commits them together.
    const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile())
    await Promise.all([folder, ...files.map(({ name: file }) => join(folder, file))].map(syncAside))
    if (this.isTaken(name)) throw taken(name, this.path(name))
    await rename(folder, this.path(name)).catch((error: unknown) => {
      throw isNotEmpty(error) ? taken(name, this.path(name)) : new Fault('disk', `${this.path(name)} could not be made: ${reasonOf(error)}`, { cause: error })
    })
    await syncAside(this.root)
  }

  /**
   * Gives the guest in `from`, anywhere in this file system, the name `to`, with `text` for its guest.yaml. The moment of
   * the folder's rename is the moment it counts; see `recover` for a process that dies before or after. `before` and
   * `after` run in the same turn as the rename: nothing can happen to the guest in between. `before` may throw.
   */
  async move(from: string, to: GuestName, text: string, turn: { before(): void; after(): void }): Promise<void> {
    const target = this.path(to)
    if (this.isTaken(to)) throw taken(to, target)
    await writeFileAtomic(join(from, renamed), text)
    try {
      turn.before()
      if (this.isTaken(to)) throw taken(to, target)
      renameSync(from, target)
    } catch (error) {
      rmSync(join(from, renamed), { force: true })
      if (error instanceof Refusal) throw error
      throw isNotEmpty(error) ? taken(to, target) : new Fault('disk', `${from} could not become ${target}: ${reasonOf(error)}`, { cause: error, remedy: 'both must be on one disk; check space and permissions' })
    }
    syncPath(this.root)
    if (dirname(from) !== this.root) syncPath(dirname(from))
    finishMove(target)
    turn.after()
  }

  /** Ends what a killed process had begun: unfinished guests go, a folder that has its new name gets its new file. */
  recover(): void {
    for (const entry of readdirSync(this.root, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue
      const folder = join(this.root, entry.name)
      if (entry.name.startsWith(unfinished)) rmSync(folder, { recursive: true, force: true })
      else recoverMove(folder)
    }
  }
}

/**
 * The second half of a move that was cut off after the folder's rename; a file left from before it is removed, and so is
 * what was being written beside a file when the process was killed.
 */
export function recoverMove(folder: string): void {
  for (const name of readdirSync(folder)) if (ownFiles.has(halfWritten(name))) rmSync(join(folder, name), { force: true })
  const path = join(folder, renamed)
  if (!existsSync(path)) return
  if (nameIn(path) === basename(folder)) finishMove(folder)
  else rmSync(path, { force: true })
}

function finishMove(folder: string): void {
  renameSync(join(folder, renamed), join(folder, 'guest.yaml'))
  syncPath(folder)
}

function nameIn(path: string): string | null {
  try {
    return parseGuestFile(readFileSync(path, 'utf8'), path).name
  } catch {
    return null // written by another version: the old guest.yaml stands
  }
}

function isNotEmpty(error: unknown): boolean {
  return ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')
}

function taken(name: GuestName, path: string): Refusal {
  return new Refusal('already-exists', name, `there is a folder ${path}`)
}
