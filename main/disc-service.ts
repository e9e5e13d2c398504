import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
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
  /** Whatever may change who has a disc, until the signal aborts; `usersChanged` tells the rest. */
  changes(signal: AbortSignal): (AsyncIterable<unknown> | Promise<AsyncIterable<unknown>>)[]
}

const betweenLooksMs = 200

/** Discs that browsers have sent: kept until somebody deletes them. Owns the list that watchers see; the files are the store's. */
export class DiscService {
  readonly #ports: DiscPorts
  readonly #discs: Discs
  readonly #users: FileUsers
  readonly #published = new Publisher<DiscView[]>()
  /** What everybody who watches was told last. */
  #told = ''
  #telling: Promise<unknown> = Promise.resolve()
  #watching = 0
  #isStale = false
  #isLooking = false

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

  async *watch(signal: AbortSignal | undefined): AsyncGenerator<DiscView[], void, void> {
    const watching = new AbortController()
    this.#watching += 1
    for (const change of this.#ports.changes(watching.signal)) void this.#follow(change)
    try {
      yield* this.#published.subscribe([await this.#tell()], signal)
    } finally {
      this.#watching -= 1
      watching.abort()
    }
  }

  /** Somebody may have a disc now, or none any more. One look at a time, and few of them however much changes. */
  usersChanged(): void {
    this.#isStale = true
    if (this.#isLooking || this.#watching === 0) return
    this.#isLooking = true
    void this.#look()
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

  async #follow(change: AsyncIterable<unknown> | Promise<AsyncIterable<unknown>>): Promise<void> {
    try {
      for await (const _ of await change) this.usersChanged()
    } catch {
      // what it told of cannot be read now; the others go on, and so does whoever watches
    }
  }

  async #look(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false
      await this.#tell().catch(() => undefined) // the next change looks again
      await delay(betweenLooksMs, undefined, { ref: false })
    }
    this.#isLooking = false
  }

  /** The list as it is, which is news to whoever watches unless they have it. One after the other: the newest is told last. */
  #tell(): Promise<DiscView[]> {
    const told = this.#telling.then(() => this.#tellNow())
    this.#telling = told.catch(() => undefined) // whoever asked hears it
    return told
  }

  async #tellNow(): Promise<DiscView[]> {
    const discs = await this.list()
    const text = JSON.stringify(discs)
    if (text !== this.#told) this.#published.publish(discs, 'discs')
    this.#told = text
    return discs
  }
}
