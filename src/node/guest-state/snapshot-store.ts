import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { SnapshotId, SnapshotKind } from '../../contract/snapshot.ts'
import { syncPath, writeFileAtomicSync } from '../file/atomic.ts'
import { keptName, snapshotsDirectory } from '../qemu/kept-disk.ts'
import { MachineFile, syncMachineFiles } from './machine-files.ts'

/**
 * snapshot.json in `snapshots/<id>/`. With it, of a live one, `state/`: the saved machine; and `beside/`: see machine-files.ts.
 * Its disk is marked with its id.
 */
export const SnapshotRecord = z.strictObject({
  form: z.literal(1),
  id: SnapshotId,
  parent: SnapshotId.nullable(),
  kind: SnapshotKind,
  title: z.string(),
  takenAt: z.iso.datetime(),
  pausedMs: z.number(),
  consistent: z.boolean(),
  stage: SnapshotId.nullable(),
  /** The kept disk that holds it, in `snapshots/`. */
  disk: z.string(),
  screen: z.strictObject({ width: z.number().int(), height: z.number().int() }).nullable(),
  /** What is kept of what was beside the disk; left out by an earlier Diptych, which kept nothing of it. */
  beside: z.array(MachineFile).exactOptional(),
})
export type SnapshotRecord = z.infer<typeof SnapshotRecord>

/** `restored`: the person went back to it, so that what is on the disk now is meant to stay there. */
const CurrentFile = z.strictObject({ form: z.literal(1), id: SnapshotId, restored: z.boolean() })

const unfinished = '.new-'
const leaving = '.old-'

export function newSnapshotId(): SnapshotId {
  return SnapshotId.parse(randomBytes(6).toString('hex'))
}

/** The snapshots of one guest on disk. Each appears and goes by the rename of its folder. */
export class SnapshotStore {
  readonly guestDirectory: string
  readonly #root: string

  constructor(guestDirectory: string) {
    this.guestDirectory = guestDirectory
    this.#root = snapshotsDirectory(guestDirectory)
  }

  /** Oldest first. A folder that cannot be read is left out, and left alone. */
  list(): SnapshotRecord[] {
    if (!existsSync(this.#root)) return []
    const found = readdirSync(this.#root).flatMap((name) => (SnapshotId.safeParse(name).success ? (this.#read(name) ?? []) : []))
    return found.sort((left, right) => left.takenAt.localeCompare(right.takenAt) || left.id.localeCompare(right.id))
  }

  find(id: SnapshotId): SnapshotRecord | null {
    return this.#read(id)
  }

  directory(id: SnapshotId): string {
    return join(this.#root, id)
  }

  /** A new folder to put a snapshot together in. */
  begin(id: SnapshotId): string {
    const path = join(this.#root, `${unfinished}${id}`)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  }

  /** From here on the snapshot exists. */
  commit(record: SnapshotRecord): void {
    const path = join(this.#root, `${unfinished}${record.id}`)
    syncMachineFiles(path)
    writeFileAtomicSync(join(path, 'snapshot.json'), JSON.stringify(record, null, 2), { durable: true })
    renameSync(path, this.directory(record.id))
    syncPath(this.#root)
  }

  async discard(id: SnapshotId): Promise<void> {
    await rm(join(this.#root, `${unfinished}${id}`), { recursive: true, force: true })
  }

  rewrite(record: SnapshotRecord): void {
    writeFileAtomicSync(join(this.directory(record.id), 'snapshot.json'), JSON.stringify(record, null, 2), { durable: true })
  }

  /** Removes the folder; the children become its parent's. Doing it again changes nothing. */
  async remove(id: SnapshotId): Promise<void> {
    const gone = this.find(id)
    if (gone !== null) for (const each of this.list()) if (each.parent === id) this.rewrite({ ...each, parent: gone.parent })
    if (gone !== null && this.#readCurrent()?.id === id && gone.parent !== null) this.setCurrent(gone.parent, this.isRestored())
    const path = this.directory(id)
    const old = join(this.#root, `${leaving}${id}`)
    if (existsSync(path)) renameSync(path, old)
    syncPath(this.#root)
    await rm(old, { recursive: true, force: true })
  }

  /** What the present disk came from; null when from none of these, as after a start with a fresh disk. */
  current(diskPath: string): SnapshotId | null {
    const file = this.#readCurrent()
    if (file === null) return null
    const record = this.find(file.id)
    return record !== null && record.disk === keptName(this.guestDirectory, diskPath) ? file.id : null
  }

  /** Whether the person went back to a snapshot and has not started afresh since. */
  keepsDisk(diskPath: string): boolean {
    return this.current(diskPath) !== null && this.isRestored()
  }

  isRestored(): boolean {
    return this.#readCurrent()?.restored ?? false
  }

  setCurrent(id: SnapshotId, restored: boolean): void {
    writeFileAtomicSync(join(this.#root, 'current.json'), JSON.stringify({ form: 1, id, restored }), { durable: true })
  }

  clearCurrent(): void {
    rmSync(join(this.#root, 'current.json'), { force: true })
  }

  /** What a process that died left, apart from what a journal names. */
  async sweep(): Promise<void> {
    if (!existsSync(this.#root)) return
    for (const name of readdirSync(this.#root)) if (name.startsWith(unfinished) || name.startsWith(leaving)) await rm(join(this.#root, name), { recursive: true, force: true })
  }

  #read(id: string): SnapshotRecord | null {
    try {
      return SnapshotRecord.safeParse(JSON.parse(readFileSync(join(this.#root, id, 'snapshot.json'), 'utf8'))).data ?? null
    } catch {
      return null // not there, or not JSON
    }
  }

  #readCurrent(): z.infer<typeof CurrentFile> | null {
    try {
      return CurrentFile.safeParse(JSON.parse(readFileSync(join(this.#root, 'current.json'), 'utf8'))).data ?? null
    } catch {
      return null // no snapshot was taken or gone back to yet
    }
  }
}
