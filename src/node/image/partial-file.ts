import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { Refusal } from '../../contract/refusal.ts'
import { syncAside, writeFileAtomic } from '../file/atomic.ts'

/**
 * Files that are being written beside where they will stand, outside of our own folders. Each is noted in `notes` while it
 * is unfinished, so that the next host removes what a killed one left.
 */
export class PartialFiles {
  readonly #notes: string
  readonly #own: readonly string[]

  /** `own`: below these folders nothing is written, not to overwrite a guest. */
  constructor(notes: string, own: readonly string[] = []) {
    this.#notes = notes
    this.#own = own
  }

  /** Rejects with Refusal('out-of-range') for a place among our own files, whatever links lead there. */
  async demandElsewhere(target: string): Promise<void> {
    const [folder, ...own] = await Promise.all([dirname(target), ...this.#own].map((path) => realpath(path).catch(() => resolve(path))))
    if (own.some((each) => `${folder}${sep}`.startsWith(`${each}${sep}`))) throw new Refusal('out-of-range', target, "it lies among Diptych's own files", 'Choose a folder of yours.')
  }

  /**
   * Has `write` fill a file, `companions` beside it included, then gives it the name `target` in one step. Rejects with
   * Refusal('already-exists') unless `replace`, and as `demandElsewhere` does; whatever rejects leaves nothing.
   */
  async fill(target: string, replace: boolean, write: (partial: string) => Promise<void>): Promise<void> {
    await this.demandElsewhere(target)
    const id = randomBytes(6).toString('hex')
    const partial = join(dirname(target), `.${beginningOf(basename(target))}.${id}.partial`)
    const note = join(this.#notes, `${id}.json`)
    await mkdir(this.#notes, { recursive: true, mode: 0o700 })
    await writeFileAtomic(note, JSON.stringify({ partial }))
    try {
      await write(partial)
      await giveName(partial, target, replace)
    } finally {
      for (const path of allOf(partial)) await rm(path, { force: true })
      await rm(note, { force: true })
    }
  }

  /** Removes what a killed host left unfinished. Only for the holder of the data directory's lock. */
  async sweep(): Promise<void> {
    const names = await readdir(this.#notes).catch(() => [])
    for (const name of names) {
      const partial = readNote(await readFile(join(this.#notes, name), 'utf8'))
      if (partial !== null) for (const path of allOf(partial)) await rm(path, { force: true })
      await rm(join(this.#notes, name), { force: true })
    }
  }
}

/** So much of a name that what is added to it still makes one: a name has 255 bytes at most, a character up to four. */
function beginningOf(name: string): string {
  return [...name].slice(0, 40).join('')
}

/** Only a name of the form that is given here is ever removed. */
function readNote(text: string): string | null {
  const [, partial = null] = /^\{"partial":("[^\n]*\.[0-9a-f]{12}\.partial")\}$/.exec(text) ?? []
  return partial === null ? null : (JSON.parse(partial) as string) // a JSON string, by the expression
}

/** A second unfinished file of the same work; removed with the first. */
export function companionOf(partial: string): string {
  return partial.replace(/\.partial$/, '.companion.partial')
}

/** A form of an unfinished file from which it is made; removed with it. */
export function looseOf(partial: string): string {
  return `${partial}.loose`
}

function allOf(partial: string): string[] {
  return [partial, companionOf(partial)].flatMap((path) => [path, looseOf(path)])
}

/** A link instead of a rename does not overwrite what has come to stand there in the meantime. */
async function giveName(partial: string, target: string, replace: boolean): Promise<void> {
  const file = await open(partial, 'r')
  await file.sync().finally(() => file.close())
  if (replace) await rename(partial, target)
  else {
    await link(partial, target).catch(async (error: unknown) => {
      demandFree(error, target)
      await renameToFree(partial, target)
    })
  }
  await syncAside(dirname(target))
}

/** For a file system without links: an empty file takes the name while nothing has it, and gives way to ours. */
async function renameToFree(partial: string, target: string): Promise<void> {
  const placeholder = await open(target, 'wx', 0o600).catch((error: unknown) => {
    demandFree(error, target)
    throw error
  })
  await placeholder.close()
  await rename(partial, target).catch(async (error: unknown) => {
    await rm(target, { force: true })
    throw error
  })
}

function demandFree(error: unknown, target: string): void {
  if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new Refusal('already-exists', target, 'a file of that name is there')
}
