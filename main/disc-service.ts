import { join } from 'node:path'
import type { DiscId, DiscView } from '../src/contract/disc.ts'
import type { GuestName } from '../src/contract/names.ts'
import { Fault, Refusal, reasonOf } from '../src/contract/refusal.ts'
import type { GuestDefinition } from '../src/guest/definition.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { ImageProblem } from '../src/image/image-problem.ts'
import { type KeptDisc, Discs } from '../src/node/image/discs.ts'
import { examine } from '../src/node/image/examine.ts'
import type { Upload, Uploads } from '../src/node/image/uploads.ts'
import { discsIn, savedDiscsOf } from '../src/node/guest-state/saved-discs.ts'
import type { TemplateStore } from '../src/node/template/template-store.ts'
import { Publisher } from '../src/publisher.ts'
import { notFound } from './error-map.ts'

export interface DiscPorts {
  readonly dataDirectory: string
  readonly uploads: Uploads
  guests(): readonly GuestOwner[]
  guestFolder(name: GuestName): string
  /** Deleted guests, which may come back, as far as their files can be read; and where they all are. */
  trashed(): readonly GuestDefinition[]
  trashedFolders(): readonly { readonly name: GuestName; readonly folder: string }[]
  templates(): TemplateStore
}

/** Discs that browsers have sent: kept until somebody deletes them. Owns the list that watchers see; the files are the store's. */
export class DiscService {
  readonly #ports: DiscPorts
  readonly #discs: Discs
  readonly #published = new Publisher<DiscView[]>()

  constructor(ports: DiscPorts) {
    this.#ports = ports
    this.#discs = new Discs(join(ports.dataDirectory, 'discs'))
  }

  /** Before anything else is asked of it. */
  recover(): Promise<void> {
    return this.#discs.sweep()
  }

  async list(): Promise<DiscView[]> {
    return (await this.#discs.list()).map((disc) => this.#view(disc))
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
      throw new Fault('disk', `${upload.name} could not be kept: ${reasonOf(error)}`, { cause: error, remedy: 'check the disk with the data directory' })
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

  #view({ id, name, path, bytes, keptAt }: KeptDisc): DiscView {
    const { guests, guestFolder, trashed, trashedFolders, templates } = this.#ports
    const has = ({ cdrom, driverDisc }: GuestDefinition) => [cdrom, driverDisc].includes(path)
    const saved = (folder: string, guest: string) => savedDiscsOf(folder).flatMap(({ what, discs }) => (discs.includes(path) ? [`${what} of ${guest}`] : []))
    const store = templates()
    const users = [
      ...guests().flatMap(({ definition, machine }) => (has(definition) || machine?.spec.discPath === path ? [definition.name] : [])),
      ...trashed().flatMap((definition) => (has(definition) ? [`${definition.name} (deleted)`] : [])),
      ...guests().flatMap(({ definition }) => saved(guestFolder(definition.name), definition.name)),
      ...trashedFolders().flatMap(({ name: guest, folder }) => saved(folder, `${guest} (deleted)`)),
      ...store.load().flatMap(({ name: template, definition }) => (has(definition) || discsIn(store.directory(template)).includes(path) ? [`the template ${template}`] : [])),
    ]
    return { id, name, path, bytes, keptAt: keptAt.toISOString(), users }
  }

  async #tell(): Promise<void> {
    if (this.#published.readers > 0) this.#published.publish(await this.list(), 'discs')
  }
}

async function demandDisc({ path, name }: Upload): Promise<void> {
  try {
    const { what } = await examine(path, { raw: false })
    if (what !== 'disc') throw new Refusal('not-importable', name, `it is a ${what}, not a disc`, 'import it as it is')
  } catch (error) {
    throw error instanceof ImageProblem ? new Refusal(error.kind === 'unsupported' ? 'not-importable' : error.kind, name, error.message, error.remedy) : error
  }
}
