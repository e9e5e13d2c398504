import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { SnapshotId } from '../../contract/snapshot.ts'
import { Fault } from '../../contract/refusal.ts'
import { syncPath, writeFileAtomicSync } from '../file/atomic.ts'

/**
 * `suspended/` of a guest: memory from which its next start goes on, once. Its own (`state/`), or a snapshot's that the disk
 * was put back to. While the folder is there nothing has run on that disk since: a QEMU found alive beside it is one that
 * was loaded and never ran, or that was on its way out, and is ended.
 *
 *   suspended.new/  --rename-->  suspended/  --rename, just before the guest runs-->  suspended.used-<hex>/  --> gone
 */
const SuspendedFile = z.strictObject({
  form: z.literal(1),
  /** null: `state/` in the same folder. */
  snapshot: SnapshotId.nullable(),
  /** The disk as the memory remembers it. Nanoseconds as text: they exceed what JSON's numbers hold. */
  disk: z.strictObject({ bytes: z.number().int(), modifiedNs: z.string() }),
})

const folder = 'suspended'
const making = 'suspended.new'
const used = 'suspended.used-'

export function isSuspended(guestDirectory: string): boolean {
  return existsSync(join(guestDirectory, folder, 'suspended.json'))
}

/** A new folder for `state/`; an unfinished one goes. */
export async function beginSuspended(guestDirectory: string): Promise<string> {
  const path = join(guestDirectory, making)
  await discardUnfinished(guestDirectory)
  mkdirSync(path, { mode: 0o700 })
  return join(path, 'state')
}

export async function discardUnfinished(guestDirectory: string): Promise<void> {
  await rm(join(guestDirectory, making), { recursive: true, force: true })
}

/** From here on the guest is suspended. The disk must have been written to for the last time. */
export async function commitSuspended(guestDirectory: string, diskPath: string, snapshot: SnapshotId | null): Promise<void> {
  const path = join(guestDirectory, making)
  if (snapshot !== null) await beginSuspended(guestDirectory)
  writeFileAtomicSync(join(path, 'suspended.json'), JSON.stringify({ form: 1, snapshot, disk: fingerprint(diskPath) }), { durable: true })
  const dropped = dropSuspended(guestDirectory)
  renameSync(path, join(guestDirectory, folder))
  syncPath(guestDirectory)
  await dropped
}

/**
 * The saved machine to go on from, or null. Throws Fault when the disk was written to since: memory and disk would then
 * contradict each other.
 */
export function suspendedState(guestDirectory: string, diskPath: string): string | null {
  if (!isSuspended(guestDirectory)) return null
  const path = join(guestDirectory, folder)
  const file = SuspendedFile.parse(JSON.parse(readFileSync(join(path, 'suspended.json'), 'utf8')))
  const now = fingerprint(diskPath)
  if (now.bytes !== file.disk.bytes || now.modifiedNs !== file.disk.modifiedNs) {
    throw new Fault('saved state', 'the disk was written to after the memory was saved; going on from that memory would damage it', { remedy: 'start it from the disk alone, with: diptych start --boot cold' })
  }
  return file.snapshot === null ? join(path, 'state') : join(guestDirectory, 'snapshots', file.snapshot, 'state')
}

/** The disk was written to without changing what the guest sees on it. Its saved memory still fits. */
export function reviseSuspended(guestDirectory: string, diskPath: string): void {
  const path = join(guestDirectory, folder, 'suspended.json')
  const file = SuspendedFile.parse(JSON.parse(readFileSync(path, 'utf8')))
  writeFileAtomicSync(path, JSON.stringify({ ...file, disk: fingerprint(diskPath) }), { durable: true })
}

/** The snapshot whose memory the next start goes on from; null when there is none. */
export function suspendedSnapshot(guestDirectory: string): SnapshotId | null {
  return isSuspended(guestDirectory) ? SuspendedFile.parse(JSON.parse(readFileSync(join(guestDirectory, folder, 'suspended.json'), 'utf8'))).snapshot : null
}

/**
 * The one moment at which the guest stops being suspended: its disk moves on from now. That is done when the call returns;
 * the promise is of the room that the memory took.
 */
export function dropSuspended(guestDirectory: string): Promise<void> {
  const path = join(guestDirectory, folder)
  if (!existsSync(path)) return Promise.resolve()
  const gone = join(guestDirectory, `${used}${randomBytes(4).toString('hex')}`)
  renameSync(path, gone)
  syncPath(guestDirectory)
  return rm(gone, { recursive: true, force: true })
}

/** What a process that died left of used-up states. */
export async function sweepUsed(guestDirectory: string): Promise<void> {
  for (const name of readdirSync(guestDirectory)) if (name.startsWith(used)) await rm(join(guestDirectory, name), { recursive: true, force: true })
}

function fingerprint(diskPath: string): { bytes: number; modifiedNs: string } {
  const { size, mtimeNs } = statSync(diskPath, { bigint: true })
  return { bytes: Number(size), modifiedNs: String(mtimeNs) }
}
