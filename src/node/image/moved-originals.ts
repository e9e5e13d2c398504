import { readFileSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomic } from '../file/atomic.ts'

/** The files a guest's disk was moved in from, as they were when it was made. */
const Note = z.object({ files: z.array(z.object({ path: z.string(), device: z.number(), inode: z.number(), size: z.number(), modifiedMs: z.number() })) })
export type Originals = z.infer<typeof Note>

const noteName = 'moved-from.json'

/** Writes down, in the new guest's folder, what is to be removed once that guest is there. */
export async function noteOriginals(folder: string, files: readonly string[]): Promise<Originals> {
  const originals = { files: await Promise.all(files.map(async (path) => ({ path, ...(await identity(path)) }))) }
  await writeFileAtomic(join(folder, noteName), JSON.stringify(originals))
  return originals
}

/**
 * Removes a moved guest's originals, then the note. A file that has changed since stays: it is somebody's again. Answers the
 * paths that stayed.
 */
export async function removeOriginals(guestFolder: string): Promise<string[]> {
  const note = readNote(guestFolder)
  const stayed: string[] = []
  for (const { path, ...was } of note?.files ?? []) {
    const now = await identity(path).catch(() => null)
    if (now === null) continue
    const same = now.device === was.device && now.inode === was.inode && now.size === was.size && now.modifiedMs === was.modifiedMs
    const removed = same && (await rm(path).then(() => true, () => false))
    if (!removed) stayed.push(path)
  }
  await rm(join(guestFolder, noteName), { force: true })
  return stayed
}

/** Ends the moves that a killed host had not: those of guests that were made. Before any guest starts. */
export async function finishMoves(guestsRoot: string): Promise<string[]> {
  const folders = await readdir(guestsRoot, { withFileTypes: true })
  const stayed = await Promise.all(folders.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((entry) => removeOriginals(join(guestsRoot, entry.name))))
  return stayed.flat()
}

function readNote(folder: string): Originals | null {
  try {
    return Note.parse(JSON.parse(readFileSync(join(folder, noteName), 'utf8')))
  } catch {
    return null // none, or one that says nothing
  }
}

async function identity(path: string): Promise<{ device: number; inode: number; size: number; modifiedMs: number }> {
  const { dev, ino, size, mtimeMs } = await stat(path)
  return { device: dev, inode: ino, size, modifiedMs: mtimeMs }
}
