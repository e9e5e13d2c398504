import { randomBytes } from 'node:crypto'
import { chmodSync, closeSync, copyFileSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { type FileHandle, open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Writes a file so that a reader sees the old or the new content, never half of it: temp, fsync, rename, fsync directory. */
export async function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  let file: FileHandle | null = null
  try {
    file = await open(temporary, 'wx', mode)
    await file.writeFile(content)
    await file.sync()
    await file.close()
    file = null
    await rename(temporary, path)
  } catch (error) {
    await file?.close()
    await unlink(temporary).catch(() => undefined) // it may not have been made
    throw error
  }
  await syncAside(dirname(path))
}

/**
 * The same at once, mode 0600, for the short steps of a machine's start and save. `durable` also forces file and
 * directory to disk: for what must survive a power cut. Files of the runtime directory do not outlive one and skip it.
 */
export function writeFileAtomicSync(path: string, text: string, options: { durable: boolean }): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const file = openSync(temporary, 'wx', 0o600)
    try {
      writeSync(file, text)
      if (options.durable) fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  if (options.durable) syncPath(dirname(path))
}

/** A copy that is there whole or not at all, mode 0600. */
export function copyFileAtomicSync(from: string, to: string): void {
  const temporary = `${to}.${randomBytes(6).toString('hex')}.tmp`
  try {
    copyFileSync(from, temporary)
    chmodSync(temporary, 0o600)
    syncPath(temporary)
    renameSync(temporary, to)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncPath(dirname(to))
}

/** The name of the file that `name` was to become, when it is one of those that a process left which died while it wrote; else null. */
export function halfWritten(name: string): string | null {
  return /^(.+)\.[0-9a-f]{12}\.tmp$/.exec(name)?.[1] ?? null
}

/** Forces a file's content, or a directory's entries, to disk, aside from the caller's thread: gibibytes may wait to be written. */
export async function syncAside(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The same at once, for what is small. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
