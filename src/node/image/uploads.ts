import { createHash, type Hash, randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { diskFull, makeRoom } from '../../contract/disk-full.ts'
import { reasonOf, Refusal } from '../../contract/refusal.ts'
import { demandRoom, roomIn } from './free-space.ts'

/** A file that a browser has sent. */
export interface Upload {
  readonly path: string
  /** What it was called where it came from; only to be shown. */
  readonly name: string
  /** SHA-256 of its content, 64 hexadecimal digits. */
  readonly sha256: string
}

/** Between two looks at the room that is left. */
const lookEvery = 64 * 2 ** 20

/** Files that browsers send, `<data>/uploads/<id>`, until they are imported. Those that nobody imported go at the next start. */
export class Uploads {
  readonly #directory: string
  readonly #held = new Map<string, Upload>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Removes what an earlier host was given. Only for the holder of the data directory's lock. */
  async sweep(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    for (const entry of await readdir(this.#directory)) await rm(join(this.#directory, entry), { force: true })
  }

  /** Writes a stream to its end, `declaredBytes` when they are known. Rejects, leaving nothing, when there is no room for it. */
  async receive(name: string, declaredBytes: number | null, content: Readable): Promise<string> {
    await demandRoom(this.#directory, declaredBytes ?? 0, `the file "${name}"`)
    const id = randomBytes(16).toString('hex')
    const path = join(this.#directory, id)
    const hash = createHash('sha256')
    try {
      await pipeline(this.#withinRoom(content, declaredBytes, hash), createWriteStream(path, { flags: 'wx', mode: 0o600 }))
    } catch (error) {
      await rm(path, { force: true })
      throw error instanceof Refusal ? error : new Refusal('unsupported', name, `it could not be received in whole: ${reasonOf(error)}`)
    }
    this.#held.set(id, { path, name, sha256: hash.digest('hex') })
    return id
  }

  find(id: string): Upload | null {
    return this.#held.get(id) ?? null
  }

  async discard(id: string): Promise<void> {
    const upload = this.#held.get(id)
    this.#held.delete(id)
    if (upload !== undefined) await rm(upload.path, { force: true })
  }

  /** Leaves the source open when it stops early: the sender still has to be told. */
  async *#withinRoom(content: Readable, declaredBytes: number | null, hash: Hash): AsyncGenerator<Buffer> {
    let received = 0
    let next = lookEvery
    for await (const chunk of content.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      received += chunk.length
      if (declaredBytes !== null && received > declaredBytes) throw new Error('it is longer than was announced')
      if (received >= next) {
        const room = await roomIn(this.#directory)
        if (room < lookEvery) throw new Refusal('over-budget', 'the upload', diskFull({ what: 'the rest of it', place: this.#directory }), makeRoom)
        next += lookEvery
      }
      hash.update(chunk)
      yield chunk
    }
    if (declaredBytes !== null && received < declaredBytes) throw new Error('it ended early')
  }
}
