import { existsSync, readdirSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault, Refusal } from '../../contract/refusal.ts'
import type { SnapshotId } from '../../contract/snapshot.ts'
import type { Machine } from '../../engine/engine.ts'
import { halfWritten, syncPath } from '../file/atomic.ts'
import { diskUse } from '../file/disk-use.ts'
import { idleDisk } from '../qemu/disk-snapshot.ts'
import { keptDisks, keptName, placeKeptDisk, snapshotsDirectory } from '../qemu/kept-disk.ts'
import { clearJournal, readJournal, writeJournal } from './journal.ts'
import { placeMachineFiles } from './machine-files.ts'
import type { SnapshotRecord, SnapshotStore } from './snapshot-store.ts'
import { commitSuspended, discardUnfinished, dropSuspended, isSuspended, reviseSuspended, suspendedSnapshot, suspendedState, sweepUsed } from './suspended.ts'

/** The mark in the qcow2 that belongs to a snapshot. */
export function markOf(id: SnapshotId): string {
  return `diptych-${id}`
}

/** Removes a mark wherever it is: in the disk that `machine` runs on, else in an idle file. None there is no fault. */
export async function deleteMark(store: SnapshotStore, id: SnapshotId, diskPath: string, machine: Machine | null): Promise<void> {
  const used = machine === null ? null : keptName(store.guestDirectory, diskPath)
  for (const path of keptDisks(store.guestDirectory)) {
    if (!(await idleDisk.list(path)).includes(markOf(id))) continue
    if (machine !== null && used !== null && path.endsWith(`/${used}`)) await machine.deleteDiskSnapshot(markOf(id))
    else await idleDisk.delete(path, markOf(id))
  }
}

/** Kept disks that no snapshot is in any more lose their second name; with it goes a disk that has no other. */
export async function releaseDisks(store: SnapshotStore): Promise<void> {
  const held = new Set(store.list().map((record) => record.disk))
  const root = snapshotsDirectory(store.guestDirectory)
  for (const path of keptDisks(store.guestDirectory)) if (!held.has(path.slice(root.length + 1))) await rm(path, { force: true })
  if (existsSync(root)) syncPath(root)
}

/**
 * The second half of going back, from the point of no return; doing it again changes nothing. No machine may run. The next
 * start goes on from a live one's memory, unless `diskOnly`.
 */
export async function finishRestore(store: SnapshotStore, id: SnapshotId, diskPath: string, diskOnly: boolean): Promise<void> {
  const record = store.find(id)
  if (record === null) throw new Fault('disk', `the snapshot ${id} is not there any more`)
  await dropSuspended(store.guestDirectory)
  await placeKeptDisk(store.guestDirectory, record.disk, diskPath)
  await idleDisk.apply(diskPath, markOf(id))
  if (record.beside !== undefined) await placeMachineFiles(store.directory(id), record.beside, store.guestDirectory)
  store.setCurrent(id, true)
  if (record.kind === 'live' && !diskOnly) await commitSuspended(store.guestDirectory, diskPath, id)
  clearJournal(store.guestDirectory)
}

/**
 * Deletes a snapshot; answers the bytes that were given back. Throws Refusal when the guest's next start goes on from its memory.
 * No machine: the guest is off, or in the trash.
 */
export async function deleteSnapshot(store: SnapshotStore, { id, title }: Pick<SnapshotRecord, 'id' | 'title'>, diskPath: string, machine: Machine | null, start: string): Promise<number> {
  const directory = store.guestDirectory
  if (suspendedSnapshot(directory) === id) throw new Refusal('in-use', title, 'its guest goes on from its memory at the next start', start)
  const staysSuspended = isSuspended(directory) && suspendedState(directory, diskPath) !== null
  const before = await diskUse(snapshotsDirectory(directory))
  writeJournal(directory, { step: 'delete', id, staysSuspended })
  await finishDelete(store, id, diskPath, machine, staysSuspended)
  return Math.max(0, before - (await diskUse(snapshotsDirectory(directory))))
}

export async function finishDelete(store: SnapshotStore, id: SnapshotId, diskPath: string, machine: Machine | null, staysSuspended: boolean): Promise<void> {
  await deleteMark(store, id, diskPath, machine)
  if (staysSuspended) reviseSuspended(store.guestDirectory, diskPath)
  await store.remove(id)
  await releaseDisks(store)
  clearJournal(store.guestDirectory)
}

/**
 * Brings the guest's saved states to the old or the new state after a process died in between; does nothing when none did.
 * `machine` is the guest's, when it was found alive. Answers whether that machine must not run: end it, then ask again.
 */
export async function recover(store: SnapshotStore, diskPath: string, machine: Machine | null): Promise<'settled' | 'end the machine'> {
  const { guestDirectory } = store
  if (!existsSync(guestDirectory)) return 'settled'
  const entry = readJournal(guestDirectory)
  if (machine !== null && (entry?.step === 'restore' || isSuspended(guestDirectory))) return 'end the machine'
  if (machine?.standsLoaded === true) await resumeSoon(machine) // its saved memory is used up: it goes on, or it would be lost
  if (entry?.step === 'restore') await finishRestore(store, entry.id, diskPath, entry.diskOnly === true)
  if (entry?.step === 'delete') await finishDelete(store, entry.id, diskPath, machine, entry.staysSuspended)
  if (entry?.step === 'follow' && entry.staysSuspended && isSuspended(guestDirectory)) reviseSuspended(guestDirectory, diskPath)
  if (entry?.step === 'take' || entry?.step === 'suspend') {
    // It may stand still with its disk let go: only running takes the disk back.
    if (machine !== null) await resumeSoon(machine)
    if (machine !== null && !entry.wasRunning) await machine.pause()
  }
  if (entry?.step === 'take' && store.find(entry.id) !== null) store.setCurrent(entry.id, store.isRestored())
  else if (entry?.step === 'take') {
    await deleteMark(store, entry.id, diskPath, machine)
    await releaseDisks(store)
  }
  await store.sweep()
  await discardUnfinished(guestDirectory)
  await sweepUsed(guestDirectory)
  await rm(join(guestDirectory, 'disk.qcow2.new'), { force: true })
  clearJournal(guestDirectory)
  return 'settled'
}

const resumeTries = 50

/** QEMU refuses to run until it has noticed that nobody takes its state any more. */
async function resumeSoon(machine: Machine): Promise<void> {
  for (let left = resumeTries; ; left -= 1) {
    try {
      return await machine.resume()
    } catch (error) {
      if (left === 0) throw error
      await sleep(100)
    }
  }
}

const ownFiles: ReadonlySet<string | null> = new Set(['journal', 'suspended', 'current', 'snapshot', 'image'].map((name) => `${name}.json`))

/** Removes what a process that died in the midst of writing a file, or of giving back the room of used-up memory, left, when a host opens: nobody writes then. */
export async function sweepTemporary(guestDirectory: string): Promise<void> {
  if (!existsSync(guestDirectory)) return
  await sweepUsed(guestDirectory)
  for (const entry of readdirSync(guestDirectory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && ownFiles.has(halfWritten(entry.name))) rmSync(join(entry.parentPath, entry.name), { force: true })
  }
}
