import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Replaces `path` in one step, mode 0600. `durable` also forces file and directory to disk: for what must survive a
 * power cut. Files of the runtime directory do not outlive one and skip it.
 */
export function writeAtomically(path: string, text: string, options: { durable: boolean }): void {
  const temporary = `${path}.${randomBytes(4).toString('hex')}`
  const file = openSync(temporary, 'wx', 0o600)
  try {
    writeSync(file, text)
    if (options.durable) fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  if (options.durable) syncPath(dirname(path))
}

/** Forces a file's content, or a directory's entries, to disk. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
