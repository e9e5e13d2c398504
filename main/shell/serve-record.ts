import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomic } from '../../src/node/file/atomic.ts'
import type { Directories } from '../../src/node/paths.ts'
import { answers } from '../../src/node/transport/listen.ts'

/**
 * What a serving host leaves in the runtime directory (mode 0600), so that a second start opens a window on it instead
 * of failing at the lock.
 */
export const ServeRecord = z.object({ port: z.number().int(), token: z.string(), processId: z.number().int() })
export type ServeRecord = z.infer<typeof ServeRecord>

export function serveUrl(record: Pick<ServeRecord, 'port' | 'token'>): string {
  return `http://127.0.0.1:${record.port}/#token=${record.token}`
}

const recordPath = (directories: Directories) => join(directories.runtime, 'serve.json')

export function writeServeRecord(directories: Directories, record: ServeRecord): Promise<void> {
  return writeFileAtomic(recordPath(directories), `${JSON.stringify(record)}\n`, 0o600)
}

/** Takes the record away, unless another process has written its own since. */
export function removeServeRecord(directories: Directories, processId: number): void {
  if (readRecord(directories)?.processId === processId) rmSync(recordPath(directories), { force: true })
}

/** The record of a host that is still there: its process lives and its socket answers. */
export async function findServing(directories: Directories): Promise<ServeRecord | null> {
  const record = readRecord(directories)
  if (record === null || !isAlive(record.processId)) return null
  return (await answers(join(directories.runtime, 'host.sock'))) ? record : null
}

function readRecord(directories: Directories): ServeRecord | null {
  try {
    return ServeRecord.parse(JSON.parse(readFileSync(recordPath(directories), 'utf8')))
  } catch {
    return null // none, or not one of ours: the same as no host serving
  }
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
