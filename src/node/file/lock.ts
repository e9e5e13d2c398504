import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { identify, isAlive } from '../process/process-identity.ts'

/** Another live process holds the data directory. */
export class LockHeld extends Error {
  override readonly name = 'LockHeld'
  readonly processId: number
  constructor(path: string, processId: number) {
    super(`${path} is in use by process ${processId}`)
    this.processId = processId
  }
}

interface Holder {
  readonly processId: number
  readonly startTicks: number
}

/**
 * Takes the one lock of a directory: a file naming its holder by pid and start time, put in place by link(2), which
 * fails when the file exists. A lock whose holder is dead is moved aside first; should two processes do that at
 * once, only one link succeeds. Returns the release. Throws LockHeld.
 */
export function takeLock(directory: string): () => void {
  const path = join(directory, 'lock')
  const own = join(directory, `lock.${process.pid}`)
  const holder: Holder = { processId: process.pid, startTicks: identify(process.pid)?.startTicks ?? 0 }
  writeFileSync(own, JSON.stringify(holder), { mode: 0o600 })
  try {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      try {
        linkSync(own, path)
        return () => release(path, holder)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const found = readHolder(path)
      if (found !== null && isAlive({ pid: found.processId, startTicks: found.startTicks })) throw new LockHeld(directory, found.processId)
      setAside(path, found)
    }
    throw new Error(`${path} keeps being taken by others`)
  } finally {
    unlinkSync(own)
  }
}

function readHolder(path: string): Holder | null {
  try {
    const parsed = JSON.parse(readFileSync(path, 'utf8')) as Partial<Holder>
    return typeof parsed.processId === 'number' && typeof parsed.startTicks === 'number' ? { processId: parsed.processId, startTicks: parsed.startTicks } : null
  } catch {
    return null // gone meanwhile, or half a file from a full disk: nobody holds it
  }
}

/** Moves a dead holder's lock away; puts it back if what was moved turns out to be somebody's fresh lock. */
function setAside(path: string, dead: Holder | null): void {
  const aside = `${path}.dead.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return // another process was faster
  }
  const moved = readHolder(aside)
  if (moved !== null && (moved.processId !== dead?.processId || moved.startTicks !== dead.startTicks)) linkSync(aside, path)
  unlinkSync(aside)
}

function release(path: string, holder: Holder): void {
  const found = readHolder(path)
  if (found?.processId === holder.processId && found.startTicks === holder.startTicks) unlinkSync(path)
}
