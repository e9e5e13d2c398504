import { linkSync, readFileSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
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

/** Tries, and how long one waits at the most: whoever is in the way needs a few system calls. */
const mostTries = 100
const longestPauseMs = 20

/**
 * Takes the one lock of a directory: a file naming its holder by pid and start time, put in place by link(2), which
 * fails when the file exists. A lock whose holder is dead is removed first, by one process at a time (see
 * `removeDead`). Returns the release. Throws LockHeld.
 */
export function takeLock(directory: string): () => void {
  const path = join(directory, 'lock')
  const holder: Holder = { processId: process.pid, startTicks: identify(process.pid)?.startTicks ?? 0 }
  const own = join(directory, `lock.${holder.processId}.${holder.startTicks}`)
  writeFileSync(own, JSON.stringify(holder), { mode: 0o600 })
  try {
    for (let attempt = 0; attempt < mostTries; attempt += 1) {
      try {
        linkSync(own, path)
        return () => release(path, holder)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const found = readHolder(path)
      if (found !== null && found !== 'unreadable' && isLive(found)) throw new LockHeld(directory, found.processId)
      if (!removeDead(directory, path, holder)) pause(1 + Math.random() * longestPauseMs)
    }
    throw new Error(`${path} keeps being taken by others`)
  } finally {
    unlinkSync(own)
  }
}

/**
 * Removes a dead holder's lock; false when another process is about it. Between looking at a lock and removing it, it may
 * have become somebody's fresh one, so only a process that is alone in doing so may: each announces itself in a file of
 * its own and then looks for others. Of two at once the second to announce sees the first, whatever the timing; both may
 * then step back and try again. An announcement of a dead process counts for nothing: its name holds pid and start time.
 */
function removeDead(directory: string, path: string, holder: Holder): boolean {
  const announcement = `lock.take.${holder.processId}.${holder.startTicks}`
  writeFileSync(join(directory, announcement), '', { mode: 0o600 })
  try {
    const others = readdirSync(directory).filter((name) => name !== announcement && name.startsWith('lock.take.'))
    if (others.some((name) => isLive(namedHolder(name)))) return false
    const found = readHolder(path)
    if (found === 'unreadable' || (found !== null && !isLive(found))) rmSync(path, { force: true })
    for (const name of readdirSync(directory)) if (name.startsWith('lock.') && !isLive(namedHolder(name))) rmSync(join(directory, name), { force: true })
    return true
  } finally {
    rmSync(join(directory, announcement), { force: true })
  }
}

/** The process that a file `lock.PID.TICKS` or `lock.take.PID.TICKS` belongs to. */
function namedHolder(name: string): Holder {
  const [startTicks, processId] = name.split('.').toReversed()
  return { processId: Number(processId), startTicks: Number(startTicks) }
}

function isLive({ processId, startTicks }: Holder): boolean {
  return isAlive({ pid: processId, startTicks })
}

/** Blocks this thread: a host that has no lock yet has nothing else to do. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

/** Who a lock names; null when there is none. A live holder's is whole before it is put in place: half a file is nobody's. */
function readHolder(path: string): Holder | 'unreadable' | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : 'unreadable'
  }
  try {
    const parsed = JSON.parse(text) as Partial<Holder>
    if (typeof parsed.processId === 'number' && typeof parsed.startTicks === 'number') return { processId: parsed.processId, startTicks: parsed.startTicks }
  } catch {
    // half a file, from a full disk
  }
  return 'unreadable'
}

function release(path: string, holder: Holder): void {
  const found = readHolder(path)
  if (found !== null && found !== 'unreadable' && found.processId === holder.processId && found.startTicks === holder.startTicks) unlinkSync(path)
}
