import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { copyFileAtomicSync, syncPath } from '../file/atomic.ts'
import { firmwareNames } from '../qemu/template-make.ts'
import { tpmEnded } from '../qemu/tpm.ts'

/**
 * What a machine keeps in files beside its disk: UEFI's variables (with them the order in which it boots, and secure boot's
 * keys) and a TPM's secrets. A disk that is put back without them may not boot, or not open: a snapshot has copies of the
 * same instant as its disk, in `beside/` of its folder.
 *
 * Putting them back is a part of the journalled step `restore`: cut off at whatever point, it is done again from the copies.
 */
export const MachineFile = z.enum([...firmwareNames, 'tpm'])
export type MachineFile = z.infer<typeof MachineFile>

const folder = 'beside'
/** swtpm's lock is the running process's, not the machine's. */
const notState = '.lock'

/** Those that the guest has. */
export function machineFilesOf(guestDirectory: string): MachineFile[] {
  return MachineFile.options.filter((name) => existsSync(join(guestDirectory, name)))
}

/** Copies them into the folder of a snapshot in the making, while nothing writes to them; `syncMachineFiles` comes when there is time. */
export function keepMachineFiles(guestDirectory: string, snapshotDirectory: string): MachineFile[] {
  const names = machineFilesOf(guestDirectory)
  const kept = join(snapshotDirectory, folder)
  rmSync(kept, { recursive: true, force: true })
  if (names.length > 0) mkdirSync(kept, { mode: 0o700 })
  for (const name of names) {
    if (name === 'tpm') copyFlat(join(guestDirectory, name), join(kept, name))
    else copyFileSync(join(guestDirectory, name), join(kept, name))
  }
  return names
}

export function syncMachineFiles(snapshotDirectory: string): void {
  const kept = join(snapshotDirectory, folder)
  if (existsSync(kept)) syncTree(kept)
}

/**
 * Puts the copies in the place of what the guest has now; what it had not then, goes. Doing it again changes nothing. No
 * machine may run. Rejects with EngineFault when its TPM does not end.
 */
export async function placeMachineFiles(snapshotDirectory: string, names: readonly MachineFile[], guestDirectory: string): Promise<void> {
  await tpmEnded(guestDirectory)
  for (const name of firmwareNames) {
    const own = join(guestDirectory, name)
    if (names.includes(name)) copyFileAtomicSync(join(snapshotDirectory, folder, name), own)
    else rmSync(own, { force: true })
  }
  placeTpm(names.includes('tpm') ? join(snapshotDirectory, folder, 'tpm') : null, guestDirectory)
  syncPath(guestDirectory)
}

function placeTpm(kept: string | null, guestDirectory: string): void {
  const [own, making, leaving] = [join(guestDirectory, 'tpm'), join(guestDirectory, 'tpm.new'), join(guestDirectory, 'tpm.old')]
  for (const path of [making, leaving]) rmSync(path, { recursive: true, force: true })
  if (kept !== null) copyFlat(kept, making)
  if (kept !== null) syncTree(making)
  if (existsSync(own)) renameSync(own, leaving)
  if (kept !== null) renameSync(making, own)
  rmSync(leaving, { recursive: true, force: true })
}

function copyFlat(from: string, to: string): void {
  mkdirSync(to, { mode: 0o700 })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (!entry.isFile() || entry.name === notState) continue
    copyFileSync(join(from, entry.name), join(to, entry.name))
    chmodSync(join(to, entry.name), 0o600)
  }
}

function syncTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) syncTree(join(directory, entry.name))
    else syncPath(join(directory, entry.name))
  }
  syncPath(directory)
}
