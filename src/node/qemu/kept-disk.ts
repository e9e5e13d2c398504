import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readdirSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineFault } from '../../engine/engine.ts'
import { syncPath } from '../file/atomic.ts'
import { isSameFile } from '../file/same-file.ts'

/**
 * A disk that holds snapshots is kept by a second name (hard link) `snapshots/disk-<hex>.qcow2`: whatever becomes of
 * `disk.qcow2` (a warm start and a reset put a fresh one there), the snapshots stay, and going back to one puts this very
 * file there again.
 */
export function snapshotsDirectory(guestDirectory: string): string {
  return join(guestDirectory, 'snapshots')
}

const namePattern = /^disk-[0-9a-f]{12}\.qcow2$/

/** Full paths of the disks that are kept for their snapshots. */
export function keptDisks(guestDirectory: string): string[] {
  const directory = snapshotsDirectory(guestDirectory)
  if (!existsSync(directory)) return []
  return readdirSync(directory).filter((name) => namePattern.test(name)).map((name) => join(directory, name))
}

/** The name this disk is kept by, or null. */
export function keptName(guestDirectory: string, diskPath: string): string | null {
  const found = keptDisks(guestDirectory).find((path) => isSameFile(path, diskPath))
  return found === undefined ? null : found.slice(snapshotsDirectory(guestDirectory).length + 1)
}

/** Keeps the disk; answers its name below `snapshots/`. */
export function keepDisk(guestDirectory: string, diskPath: string): string {
  const known = keptName(guestDirectory, diskPath)
  if (known !== null) return known
  const directory = snapshotsDirectory(guestDirectory)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const name = `disk-${randomBytes(6).toString('hex')}.qcow2`
  try {
    linkSync(diskPath, join(directory, name))
  } catch (cause) {
    throw new EngineFault('disk', `${diskPath} cannot be kept by a second name`, { cause, remedy: 'Move the data directory to a file system with hard links (ext4, XFS, btrfs).' })
  }
  syncPath(directory)
  return name
}

/**
 * Puts a kept disk at `diskPath` in one step. What was there is kept as `<diskPath>.previous` unless it has a kept name of
 * its own.
 */
export async function placeKeptDisk(guestDirectory: string, name: string, diskPath: string): Promise<void> {
  const kept = join(snapshotsDirectory(guestDirectory), name)
  if (isSameFile(kept, diskPath)) return
  const making = `${diskPath}.new`
  await rm(making, { force: true })
  linkSync(kept, making)
  if (existsSync(diskPath) && keptName(guestDirectory, diskPath) === null) {
    await rm(`${diskPath}.previous`, { force: true })
    linkSync(diskPath, `${diskPath}.previous`)
  }
  await rename(making, diskPath)
  syncPath(guestDirectory)
}
