import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { stageNetwork, type NetworkName } from '../../contract/names.ts'
import { LeaseDocument } from '../../network/leases.ts'
import { writeFileAtomic } from '../file/atomic.ts'

/** A file of leases exists and cannot be understood. It is never overwritten: the person decides. */
export class LeaseFileUnreadable extends Error {
  override readonly name = 'LeaseFileUnreadable'
}

/** The addresses handed out on one network, kept in the state directory over restarts. Writes follow one another. */
export class LeaseFile {
  readonly #path: string
  #written: Promise<void> = Promise.resolve()

  /** `leases.json` is the stage's; every other network has `leases-<name>.json`. */
  constructor(stateDirectory: string, network: NetworkName) {
    this.#path = join(stateDirectory, network === stageNetwork ? 'leases.json' : `leases-${network}.json`)
  }

  async read(): Promise<LeaseDocument | null> {
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null // Node's errors carry a code
      throw error
    }
    try {
      return LeaseDocument.parse(JSON.parse(text))
    } catch (error) {
      const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error)
      throw new LeaseFileUnreadable(`${this.#path} cannot be read (${reason}): repair it, or delete it to give every guest a new address`, { cause: error })
    }
  }

  save(document: LeaseDocument): void {
    const write = () => writeFileAtomic(this.#path, `${JSON.stringify(document, null, 2)}\n`)
    this.#written = this.#written.then(write, write)
    this.#written.catch(() => {}) // whoever calls `written` hears of it
  }

  /** Resolves when all that was saved is on disk; rejects when the last write failed. */
  written(): Promise<void> {
    return this.#written
  }
}
