import { chmodSync, copyFileSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { GuestName } from '../../contract/names.ts'
import { demandQemuImg } from '../image/qemu-img.ts'
import { placeDisk } from '../qemu/disk-place.ts'

/** An empty copy on write of the template's disk, made once: a clone's disk begins as a copy of this small file. */
const overlayName = 'overlay.qcow2'

/**
 * How the disk of a guest, of one in the trash or in the making, all two folders below the data directory, names the
 * template's: from its own place, so that the data directory may move.
 */
function baseFromGuest(template: GuestName): string {
  return `../../templates/${template}/disk.qcow2`
}

/** How the disk of another template names it. */
export function baseFromTemplate(template: GuestName): string {
  return `../${template}/disk.qcow2`
}

export async function makeOverlay(folder: string, template: GuestName, virtualBytes: number): Promise<void> {
  // -u: from the place of the template itself that name leads nowhere.
  await demandQemuImg(['create', '-q', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', baseFromGuest(template), join(folder, overlayName), String(virtualBytes)], 'the template')
}

/** Puts a fresh disk at `path`. */
export function copyOverlay(templateFolder: string, path: string): void {
  copyFileSync(join(templateFolder, overlayName), path)
  chmodSync(path, 0o600)
}

/**
 * Sees to it that the disk at `path` holds nothing yet, as the template's memory expects. One that was written to becomes
 * `disk.qcow2.previous`.
 */
export async function freshOverlay(templateFolder: string, path: string): Promise<void> {
  const overlay = join(templateFolder, overlayName)
  if (statSync(path, { throwIfNoEntry: false })?.size === statSync(overlay).size && readFileSync(path).equals(readFileSync(overlay))) return
  const making = `${path}.new`
  rmSync(making, { force: true })
  copyOverlay(templateFolder, making)
  await placeDisk(making, path).keep()
}
