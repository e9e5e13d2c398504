import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { lstat, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { GuestName } from '../contract/names.ts'
import { Fault, reasonOf } from '../contract/refusal.ts'
import { TrashId, type TrashItem } from '../contract/trash.ts'
import { parseGuestFile } from '../guest/definition-file.ts'
import type { GuestDefinition } from '../guest/definition.ts'
import { syncPath } from './file/atomic.ts'
import { recoverMove } from './guest-folders.ts'

const purging = '.purging-'

/** A guest.yaml in the trash, or why it cannot be used. */
export type TrashedFile = { readonly text: string; readonly definition: GuestDefinition } | { readonly problem: string }

/**
 * Deleted guests: `<data>/trash/<UTC time>-<name>/`, each the guest's whole folder. One goes in, comes back and is purged
 * by a single rename(2); what a purge had not yet removed when the process was killed goes at the next start.
 */
export class Trash {
  readonly root: string

  constructor(dataDirectory: string) {
    this.root = join(dataDirectory, 'trash')
    mkdirSync(this.root, { recursive: true, mode: 0o700 })
  }

  path(id: TrashId): string {
    return join(this.root, id)
  }

  has(id: TrashId): boolean {
    return existsSync(this.path(id))
  }

  ids(): TrashId[] {
    return readdirSync(this.root).filter((name) => TrashId.safeParse(name).success).sort().toReversed()
  }

  /** Moves a guest's folder here. */
  take(folder: string, name: GuestName, nowMs: number): TrashId {
    let id = idOf(name, nowMs)
    for (let later = nowMs + 1; this.has(id); later += 1) id = idOf(name, later)
    try {
      renameSync(folder, this.path(id))
    } catch (error) {
      throw new Fault('disk', `${folder} could not be moved to the trash: ${reasonOf(error)}`, { cause: error, remedy: `${this.root} must be on the same disk and writable` })
    }
    syncPath(this.root)
    return id
  }

  read(id: TrashId): TrashedFile {
    const path = join(this.path(id), 'guest.yaml')
    try {
      const text = readFileSync(path, 'utf8')
      return { text, definition: parseGuestFile(text, path) }
    } catch (error) {
      return { problem: reasonOf(error) }
    }
  }

  async item(id: TrashId): Promise<TrashItem> {
    const file = this.read(id)
    const name = GuestName.parse(id.slice(20))
    const about = 'problem' in file ? { title: name, os: '', problem: file.problem } : { title: file.definition.title, os: file.definition.os, problem: null }
    return { id, name, ...about, deletedAt: timeOf(id), bytes: await bytesIn(this.path(id)) }
  }

  /** The name it had. */
  nameOf(id: TrashId): GuestName {
    return GuestName.parse(id.replace(/^[^-]*-/, ''))
  }

  /** Deletes it for good; answers what it took. */
  async purge(id: TrashId): Promise<number> {
    const bytes = await bytesIn(this.path(id))
    const going = join(this.root, `${purging}${id}`)
    await rename(this.path(id), going)
    await rm(going, { recursive: true, force: true })
    return bytes
  }

  /** Ends purges that a killed process had begun. Only for the holder of the data directory's lock. */
  recover(): void {
    for (const name of readdirSync(this.root)) {
      if (name.startsWith(purging)) rmSync(join(this.root, name), { recursive: true, force: true })
      else if (TrashId.safeParse(name).success && lstatSync(join(this.root, name)).isDirectory()) recoverMove(join(this.root, name))
    }
  }
}

/** Room that the files of a folder take on disk; a file with two names counts once, one that goes meanwhile not at all. */
async function bytesIn(folder: string): Promise<number> {
  const counted = new Set<number>()
  let bytes = 0
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  for (const entry of entries) {
    const found = await lstat(join(entry.parentPath, entry.name)).catch(() => null)
    if (found === null || counted.has(found.ino)) continue
    counted.add(found.ino)
    bytes += found.blocks * 512
  }
  return bytes
}

/** ISO 8601's basic form with milliseconds, and the name: `20260131T101530250Z-linux`. */
function idOf(name: GuestName, epochMs: number): TrashId {
  return TrashId.parse(`${new Date(epochMs).toISOString().replace(/[-:.]/g, '')}-${name}`)
}

function timeOf(id: TrashId): string {
  return id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-.*$/, '$1-$2-$3T$4:$5:$6.$7Z')
}
