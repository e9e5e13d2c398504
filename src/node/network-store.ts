import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatNetworksFile, parseNetworksFile, type NetworkDefinition } from '../network/networks-file.ts'
import { writeFileAtomic } from './file/atomic.ts'

/** The private networks on disk: `<data>/networks.yaml`. A file that cannot be read is never overwritten. */
export class NetworkStore {
  readonly #path: string
  #changes: Promise<unknown> = Promise.resolve()

  constructor(dataDirectory: string) {
    this.#path = join(dataDirectory, 'networks.yaml')
  }

  /** None when there is no file. Throws what is wrong with it. */
  load(): NetworkDefinition[] {
    let text: string
    try {
      text = readFileSync(this.#path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [] // Node's errors carry a code
      throw error
    }
    return parseNetworksFile(text, this.#path)
  }

  /** Writes what `change` makes of the networks, one change after the other; answers with them. */
  change(change: (networks: readonly NetworkDefinition[]) => readonly NetworkDefinition[]): Promise<readonly NetworkDefinition[]> {
    const done = this.#changes.then(async () => {
      const before = this.load()
      const after = change(before)
      if (after !== before) await writeFileAtomic(this.#path, formatNetworksFile(after))
      return after
    })
    this.#changes = done.catch(() => undefined) // the next change must not fail because this one did; the caller is told
    return done
  }
}
