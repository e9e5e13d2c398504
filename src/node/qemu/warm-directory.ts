import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { syncPath } from '../file/atomic.ts'

/**
 * A warm state's directory is replaced by two renames, since Node offers no exchange:
 *
 *   W.new-<hex> is written;  W -> W.old-<hex>;  W.new-<hex> -> W;  W.old-<hex> is removed
 *
 * A host that dies between the renames leaves W.old without W: `recoverDirectory` puts it back.
 */
export function newDirectoryName(directory: string): string {
  return `${directory}.new-${randomBytes(4).toString('hex')}`
}

export function replaceDirectory(making: string, directory: string): void {
  const old = `${directory}.old-${randomBytes(4).toString('hex')}`
  if (existsSync(directory)) renameSync(directory, old)
  renameSync(making, directory)
  syncPath(dirname(directory))
  rmSync(old, { recursive: true, force: true })
}

/** Before a start: the older state comes back when a replacement was cut short. */
export function recoverDirectory(directory: string): void {
  if (existsSync(directory)) return
  const [old] = siblings(directory, 'old')
  if (old !== undefined) renameSync(old, directory)
}

/** Before a save, whose directory nobody else writes: what earlier ones left half done goes. */
export function sweepDirectory(directory: string): void {
  recoverDirectory(directory)
  for (const path of [...siblings(directory, 'old'), ...siblings(directory, 'new')]) rmSync(path, { recursive: true, force: true })
}

function siblings(directory: string, kind: 'old' | 'new'): string[] {
  const parent = dirname(directory)
  const prefix = `${basename(directory)}.${kind}-`
  return existsSync(parent) ? readdirSync(parent).filter((name) => name.startsWith(prefix)).map((name) => join(parent, name)) : []
}
