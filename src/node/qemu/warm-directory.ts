import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncPath } from '../file/atomic.ts'

/**
 * A warm state's directory is replaced by two renames, since Node offers no exchange:
 *
 *   W.new-<pid>-<hex> is written;  W -> W.old-<hex>;  W.new-… -> W;  W.old-<hex> is removed
 *
 * A host that dies between the renames leaves W.old without W: `recoverDirectory` puts it back.
 */
export function newDirectoryName(directory: string): string {
  return `${directory}.new-${process.pid}-${randomBytes(4).toString('hex')}`
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

/**
 * What killed hosts left of warm states in the making, and of the copies that starts use up: of each that is `root`/W, in
 * `W.new-…`, `W.old-…` and `W/spares`. Those of processes that are there stay: hosts may share a cache.
 */
export async function sweepWarmStates(root: string): Promise<void> {
  for (const name of entriesOf(root)) {
    const path = join(root, name)
    const [, replaced = null] = /^(.+)\.old-[0-9a-f]{8}$/.exec(name) ?? []
    if (isLeftBy(/\.new-(\d+)-[0-9a-f]{8}$/.exec(name)) || (replaced !== null && existsSync(join(root, replaced)))) await rm(path, { recursive: true, force: true })
    else for (const spare of entriesOf(join(path, 'spares'))) if (isLeftBehind(spare)) await rm(join(path, 'spares', spare), { recursive: true, force: true })
  }
}

/** Whether a spare is one that a process which is gone was making or had taken (warm-spare.ts). */
export function isLeftBehind(spare: string): boolean {
  return isLeftBy(/^(?:making|taken)-(\d+)-/.exec(spare))
}

function isLeftBy(named: RegExpExecArray | null): boolean {
  return named !== null && !existsSync(`/proc/${named[1] ?? ''}`)
}

function entriesOf(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : []
}

function siblings(directory: string, kind: 'old' | 'new'): string[] {
  const parent = dirname(directory)
  const prefix = `${basename(directory)}.${kind}-`
  return existsSync(parent) ? readdirSync(parent).filter((name) => name.startsWith(prefix)).map((name) => join(parent, name)) : []
}
