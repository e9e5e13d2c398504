import { renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { destination, pino } from 'pino'
import { ensurePrivateDirectory, type Directories } from '../src/node/paths.ts'
import type { HostLogger } from './host-types.ts'

/** A log bigger than this is set aside as `.1` when the next host starts. */
const rotateBytes = 5 * 1024 * 1024

export function hostLogPath(directories: Directories): string {
  return join(directories.state, 'host.log')
}

/** The host's log: JSON lines in the state directory, written as they happen so that a crash loses none. */
export function createLogger(directories: Directories): HostLogger {
  try {
    ensurePrivateDirectory(directories.state)
  } catch {
    return { info: () => undefined, warn: () => undefined, error: () => undefined } // opening the host says what is wrong with it
  }
  const path = hostLogPath(directories)
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > rotateBytes) renameSync(path, `${path}.1`)
  return pino({ base: { processId: process.pid }, timestamp: () => `,"at":"${new Date().toISOString()}"` }, destination({ dest: path, sync: true, mode: 0o600 }))
}
