import { join } from 'node:path'
import { isDiskFull } from '../src/contract/disk-full.ts'
import type { DiscId, DiscView } from '../src/contract/disc.ts'
import { Fault, Refusal, reasonOf } from '../src/contract/refusal.ts'
import { type KeptDisc, Discs } from '../src/node/image/discs.ts'
import type { Uploads } from '../src/node/image/uploads.ts'
import { Publisher } from '../src/publisher.ts'
import { demandDisc } from './disc-file.ts'
import { notFound } from './error-map.ts'
import type { FileUsers } from './file-users.ts'

export interface DiscPorts {
  readonly dataDirectory: string
  readonly uploads: Uploads
  readonly users: FileUsers
}

/** Discs that browsers have sent: kept until somebody deletes them. Owns the list that watchers see; the files are the store's. */
export class DiscService {
  readonly #ports: DiscPorts
  readonly #discs: Discs
  readonly #users: FileUsers
  readonly #published = new Publisher<DiscView[]>()

  constructor(ports: DiscPorts) {
    this.#ports = ports
    this.#users = ports.users
    this.#discs = new Discs(join(ports.dataDirectory, 'discs'))
  }

  /** Before anything else is asked of it. */
  recover(): Promise<void> {
    return this.#discs.sweep()
  }

  async list(): Promise<DiscView[]> {
    const uses = this.#users.discs()
    return (await this.#discs.list()).map((disc) => this.#view(disc, uses))
  }

  async watch(signal: AbortSignal | undefined): Promise<AsyncGenerator<DiscView[], void, void>> {
    return this.#published.subscribe([await this.list()], signal)
  }

  async keep(id: string): Promise<DiscView> {
    const { uploads } = this.#ports
    const upload = uploads.find(id)
    if (upload === null) throw notFound('upload', id, [])
    await demandDisc(upload)
    const kept = await this.#discs.keep(upload).catch((error: unknown) => {
      throw isDiskFull(error) ? error : new Fault('disk', `${upload.name} could not be kept: ${reasonOf(error)}`, { cause: error, remedy: 'check the disk with the data directory' })
    })
    await uploads.discard(id)
    await this.#tell()
    return this.#view(kept)
  }

  async delete(id: DiscId): Promise<number> {
    const found = await this.#discs.find(id)
    if (found === null) throw notFound('disc', id, (await this.#discs.list()).map((disc) => disc.id))
    const { users, bytes, name } = this.#view(found)
    if (users.length > 0) throw new Refusal('in-use', name, `it is in a drive of ${users.join(', ')}`, 'take it out of there (diptych edit GUEST cdrom=none), or delete the snapshot, or purge the deleted guest, then delete it')
    await this.#discs.delete(id)
    await this.#tell()
    return bytes
  }

  #view({ id, name, path, bytes, keptAt }: KeptDisc, uses = this.#users.discs()): DiscView {
    return { id, name, path, bytes, keptAt: keptAt.toISOString(), users: uses.flatMap((use) => (use.path === path ? [use.user] : [])) }
  }

  async #tell(): Promise<void> {
    if (this.#published.readers > 0) this.#published.publish(await this.list(), 'discs')
  }
}
