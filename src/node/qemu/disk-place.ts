import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs'

/** Undoes or completes the placing of a disk. */
export interface PlacedDisk {
  keep(): void
  undo(): void
}

/**
 * Puts `overlay` at `diskPath`. A disk that is there already is not destroyed: it becomes `<diskPath>.previous` (one is
 * kept) with `keep`, or comes back with `undo`.
 */
export function placeDisk(overlay: string, diskPath: string): PlacedDisk {
  const aside = `${diskPath}.aside-${randomBytes(4).toString('hex')}`
  const had = existsSync(diskPath)
  if (had) renameSync(diskPath, aside)
  try {
    moveFile(overlay, diskPath)
  } catch (error) {
    if (had) renameSync(aside, diskPath)
    throw error
  }
  return {
    keep: () => {
      if (had) renameSync(aside, `${diskPath}.previous`)
    },
    undo: () => {
      rmSync(diskPath, { force: true })
      if (had) renameSync(aside, diskPath)
    },
  }
}

/** A rename, or a copy where the two places are different file systems. */
function moveFile(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch {
    copyFileSync(from, to)
    rmSync(from, { force: true })
  }
}
