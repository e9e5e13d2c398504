import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DiscId } from '../../contract/disc.ts'
import { syncAside } from '../file/atomic.ts'
import type { Upload } from './uploads.ts'

/** A disc of ours; see the contract's DiscView. */
export interface KeptDisc {
  readonly id: DiscId
  readonly name: string
  readonly path: string
  readonly bytes: number
  readonly keptAt: Date
}

const unfinished = '.new-'
const leaving = '.gone-'

/**
 * Discs that browsers have sent: `<root>/<id>/<name>.iso`, the id being the content's. One appears and goes by one rename(2)
 * of its folder; what a killed host had begun goes at the next start.
 */
export class Discs {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  /** Only for the holder of the data directory's lock. */
  async sweep(): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 })
    const begun = (await readdir(this.#root)).filter((name) => name.startsWith(unfinished) || name.startsWith(leaving))
    for (const name of begun) await rm(join(this.#root, name), { recursive: true, force: true })
  }

  /** Newest first. */
  async list(): Promise<KeptDisc[]> {
    const ids = (await readdir(this.#root)).flatMap((name) => DiscId.safeParse(name).data ?? [])
    const discs = await Promise.all(ids.map((id) => this.find(id)))
    return discs.filter((disc) => disc !== null).sort((left, right) => right.keptAt.getTime() - left.keptAt.getTime())
  }

  async find(id: DiscId): Promise<KeptDisc | null> {
    const folder = join(this.#root, id)
    const [name] = await readdir(folder).catch(() => [])
    if (name === undefined) return null
    const path = join(folder, name)
    const file = await stat(path).catch(() => null) // deleted this moment
    return file === null ? null : { id, name, path, bytes: file.size, keptAt: file.mtime }
  }

  /** Moves a file here, which must be on the same file system. One with the same content that is here already stays instead. */
  async keep(upload: Upload): Promise<KeptDisc> {
    const id = DiscId.parse(upload.sha256.slice(0, 32))
    const folder = join(this.#root, `${unfinished}${randomBytes(6).toString('hex')}`)
    if ((await this.find(id)) === null) {
      await syncAside(upload.path)
      await mkdir(folder, { mode: 0o700 })
      await rename(upload.path, join(folder, fileNameOf(upload.name)))
      await syncAside(folder)
      await rename(folder, join(this.#root, id)).catch(() => undefined) // it has come meanwhile: the one that is here counts
      await syncAside(this.#root)
    }
    await rm(folder, { recursive: true, force: true })
    await rm(upload.path, { force: true })
    const kept = await this.find(id)
    if (kept === null) throw new Error(`${this.#root} could not take ${upload.name}`)
    return kept
  }

  async delete(id: DiscId): Promise<void> {
    const gone = join(this.#root, `${leaving}${randomBytes(6).toString('hex')}`)
    await rename(join(this.#root, id), gone)
    await rm(gone, { recursive: true })
  }
}

/** Its own name as far as every file system and command line takes it. */
function fileNameOf(name: string): string {
  const plain = name.normalize('NFC').replace(/[^\p{L}\p{N} ._+()-]/gu, '_').slice(-60).replace(/^[ .]+/, '')
  return plain === '' ? 'disc.iso' : plain
}
