import { randomBytes } from 'node:crypto'
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
  const directory = await open(dirname(path), 'r')
  await directory.sync()
  await directory.close()
}
