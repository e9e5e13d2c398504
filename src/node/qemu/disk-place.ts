import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Undoes or completes the placing of a disk. */
export interface PlacedDisk {
  keep(): Promise<void>
  undo(): Promise<void>
}

/** A placed disk's time of change (epoch seconds) until somebody writes to it: tells whether a guest ever ran on it. */
const untouchedSince = 1

/**
 * Puts `overlay` at `diskPath`. A disk that is there already is not destroyed: with `keep` it becomes `<diskPath>.previous` (one
 * is kept; a disk that no guest ran on does not take its place), or it comes back with `undo`. When neither is called because this process is killed, `settleDisk` of
 * the next one decides.
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
    keep: async () => {
      if (!had) return
      if (wasUsed(aside)) await rename(aside, `${diskPath}.previous`) // which gives back the room of the one before
      else await rm(aside)
    },
    undo: async () => {
      await rm(diskPath, { force: true })
      if (had) renameSync(aside, diskPath)
    },
  }
}

/**
 * Ends what a killed process began with `placeDisk`: a disk found set aside comes back if no guest has written to the one
 * put in its place, else (or when the guest is `running`) it becomes `.previous`. Call it only for a guest that does not
 * run, or runs and is known to. Answers what was done, a sentence each; nothing when there was nothing.
 */
export function settleDisk(diskPath: string, running: boolean): string[] {
  return asidesOf(diskPath).map((aside, index) => {
    // Only one start is under way at a time; further ones are of crashes one after the other, and nobody's to choose from.
    if (index > 0) return `A disk was left at ${aside} by a start that was cut short; it is not needed for starting.`
    if (!running && !wasUsed(diskPath)) {
      renameSync(aside, diskPath)
      return 'Its disk had been set aside by a start that was cut short; it is back in place.'
    }
    const previous = `${diskPath}.previous`
    renameSync(aside, previous)
    return `A start was cut short after its new disk was in use; the one before is kept as ${previous}.`
  })
}

/** Newest first. */
function asidesOf(diskPath: string): string[] {
  const directory = dirname(diskPath)
  if (!existsSync(directory)) return []
  const found = readdirSync(directory).filter((name) => name.startsWith(`${basename(diskPath)}.aside-`))
  return found.map((name) => join(directory, name)).toSorted((left, right) => statSync(right).ctimeMs - statSync(left).ctimeMs)
}

/** Whether a guest may have written to the disk since it was made; false when there is none. */
export function wasUsed(diskPath: string): boolean {
  const state = statSync(diskPath, { throwIfNoEntry: false })
  return state !== undefined && Math.floor(state.mtimeMs / 1000) !== untouchedSince
}

/** Says of a new disk that no guest has run on it. */
export function markUntouched(diskPath: string): void {
  utimesSync(diskPath, untouchedSince, untouchedSince)
}

/** A rename, or where the two places are different file systems a copy, which then appears by one. */
function moveFile(from: string, to: string): void {
  markUntouched(from)
  try {
    renameSync(from, to)
  } catch {
    const making = `${to}.new`
    copyFileSync(from, making)
    markUntouched(making)
    renameSync(making, to)
    rmSync(from, { force: true })
  }
}
