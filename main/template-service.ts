import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { GuestName } from '../src/contract/names.ts'
import { Refusal, reasonOf } from '../src/contract/refusal.ts'
import type { TemplateKind, TemplateView } from '../src/contract/template.ts'
import type { Engine } from '../src/engine/engine.ts'
import type { GuestHold } from '../src/guest/carry-out.ts'
import type { GuestDefinition } from '../src/guest/definition.ts'
import { freeName } from '../src/guest/new-guest.ts'
import { readSavedState } from '../src/node/qemu/saved-state.ts'
import { copyStoppedDisk, virtualBytesOf } from '../src/node/template/disk-copy.ts'
import { keepKernel } from '../src/node/template/kernel-files.ts'
import { type DiskOwner, Lineage } from '../src/node/template/lineage.ts'
import { baseFromTemplate, makeOverlay } from '../src/node/template/overlay.ts'
import type { TemplateFile } from '../src/node/template/template-file.ts'
import { type TemplateStore, memoryIn } from '../src/node/template/template-store.ts'
import type { MachineSpec } from '../src/engine/engine.ts'
import { Publisher } from '../src/publisher.ts'
import { notFound } from './error-map.ts'
import type { GuestRegistry } from './guest-registry.ts'
import type { Progress, TaskService } from './task-service.ts'

export interface TemplatePorts {
  readonly store: TemplateStore
  readonly guests: GuestRegistry
  readonly tasks: TaskService
  readonly engine: Engine
  guestFolder(name: GuestName): string
  /** Deleted guests that may come back: their disks count, too. */
  trashed(): readonly DiskOwner[]
  /** What the guest would be started with. */
  specify(definition: GuestDefinition): Promise<MachineSpec>
  message(level: 'info' | 'warning' | 'error', text: string): void
}

export interface MakeTemplate {
  readonly guest: GuestName
  readonly name?: GuestName | undefined
  readonly title?: string | undefined
  readonly kind: 'auto' | TemplateKind
  readonly automatic?: boolean
}

/** What a template is made with, beside what is said of it. */
type Taken = Pick<TemplateFile, 'kind' | 'note' | 'pausedMs' | 'screen'>

/** Makes templates of guests, shows and removes them. Owns the list that watchers see; the files are the store's. */
export class TemplateService {
  readonly store: TemplateStore
  readonly #ports: TemplatePorts
  readonly #published = new Publisher<TemplateView[]>()
  readonly #making = new Set<GuestName>()

  constructor(ports: TemplatePorts) {
    this.#ports = ports
    this.store = ports.store
    ports.store.recover()
    ports.store.load(({ name, reason }) => ports.message('error', `the template "${name}" is left out: ${reason}`))
  }

  async list(): Promise<TemplateView[]> {
    const lineage = await Lineage.read(this.owners(), this.#diskOwners())
    return Promise.all(this.#ports.store.load().map((template) => this.#view(template, lineage)))
  }

  async watch(signal: AbortSignal | undefined): Promise<AsyncGenerator<TemplateView[], void, void>> {
    return this.#published.subscribe([await this.list()], signal)
  }

  async get(name: GuestName): Promise<TemplateView> {
    const template = this.read(name)
    return this.#view(template, await Lineage.read(this.owners(), this.#diskOwners()))
  }

  /** Rejects with NOT_FOUND, naming the templates there are. */
  read(name: GuestName): TemplateFile {
    const { store } = this.#ports
    if (!store.isTaken(name)) throw notFound('template', name, store.load().map((template) => template.name))
    return store.read(name)
  }

  folder(name: GuestName): string {
    return this.#ports.store.directory(name)
  }

  owners(): DiskOwner[] {
    return this.#ports.store.names().map((name) => ({ name, folder: this.folder(name) }))
  }

  /** Of a guest that is up or off; it is held meanwhile, and goes on as before. */
  async make(request: MakeTemplate, signal: AbortSignal | undefined): Promise<TemplateView> {
    const { guest, automatic = false } = request
    const { guests, tasks, store } = this.#ports
    const owner = guests.get(guest)
    const isFree = (wish: GuestName) => !store.isTaken(wish) && !this.#making.has(wish)
    const name = request.name ?? freeName(guest, isFree)
    if (!isFree(name)) throw new Refusal('already-exists', name, 'another template has that name')
    this.#making.add(name)
    try {
      await tasks.run({ kind: 'template', title: `Making a template of ${guest}`, guest, signal }, async (abort, progress) => {
        const folder = store.begin()
        try {
          let taken: Taken | null = null
          await owner.request('tend', {
            work: async (hold) => {
              hold.tell('a template is being made of it')
              taken = await this.#take(owner.definition, folder, request.kind, hold, abort, progress)
              return hold.state()
            },
          })
          if (taken === null) throw new Refusal('busy', guest, 'it was stopped while its template was made')
          abort.throwIfAborted()
          await this.#place(folder, { name, title: request.title ?? owner.definition.title, automatic, definition: owner.definition }, taken)
        } finally {
          await rm(folder, { recursive: true, force: true })
        }
      })
    } finally {
      this.#making.delete(name)
    }
    await this.changed()
    return this.get(name)
  }

  async retitle(name: GuestName, title: string): Promise<TemplateView> {
    await this.#ports.store.rewrite({ ...this.read(name), title })
    await this.changed()
    return this.get(name)
  }

  async delete(name: GuestName): Promise<number> {
    const { clones, templates } = await this.get(name)
    const users = [...clones, ...templates.map((each) => `the template ${each}`)]
    if (users.length > 0) {
      throw new Refusal('in-use', name, `the disks of ${users.join(', ')} stand on it`, `make them stand alone (diptych flatten ${clones[0] ?? 'GUEST'}) or delete them for good, then it can go`)
    }
    const freed = await this.#ports.store.remove(name)
    await this.changed()
    return freed
  }

  /** Templates that were made on the way to a clone go with the last of them. */
  async sweep(): Promise<void> {
    await this.#told(async () => {
      const views = await this.list()
      const unused = views.filter(({ automatic, clones, templates, name }) => automatic && clones.length + templates.length === 0 && !this.#making.has(name))
      await Promise.all(unused.map(({ name }) => this.#ports.store.remove(name))) // all at once: none of them is cloned meanwhile
    })
    await this.changed()
  }

  thumbnail(name: GuestName): { png: string; width: number; height: number } {
    const { screen } = this.read(name)
    const path = join(this.folder(name), 'screen.png')
    if (screen === null || !existsSync(path)) throw new Refusal('unsupported', name, 'the guest showed nothing when it was made')
    return { png: readFileSync(path).toString('base64'), ...screen }
  }

  /** Why clones of a live template boot from its disk here; null when they go on from its memory. */
  async coldReason({ name, kind, note }: TemplateFile): Promise<string | null> {
    if (kind === 'cold') return note
    const { manifest } = readSavedState(this.folder(name))
    if ((await this.#ports.engine.warmKey(manifest.spec)) === manifest.key) return null
    return `It was made by another QEMU (${manifest.engineVersion}) or on another kind of processor: its clones boot from its disk.`
  }

  /** Never rejects. */
  async changed(): Promise<void> {
    if (this.#published.readers > 0) await this.#told(async () => this.#published.publish(await this.list(), 'templates'))
  }

  /** Work that nobody waits for: what fails in it is told. */
  async #told(work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => this.#ports.message('warning', `it could not be read which disks stand on which template: ${reasonOf(error)}`))
  }

  async #take(definition: GuestDefinition, folder: string, kind: MakeTemplate['kind'], hold: GuestHold, signal: AbortSignal, progress: Progress): Promise<Taken> {
    const machine = hold.machine()
    const guestFolder = this.#ports.guestFolder(definition.name)
    const base = await Lineage.baseOf(guestFolder, this.owners())
    const backing = base === null ? null : baseFromTemplate(base)
    if (machine === null) {
      if (kind === 'live') throw new Refusal('wrong-state', definition.name, 'a live template is made of a guest that runs', `start it first: diptych start ${definition.name}`)
      if ((await hold.state()) === 'suspended') throw new Refusal('wrong-state', definition.name, 'it is suspended: its disk alone is half of what it is', `resume it first: diptych start ${definition.name}`)
      const disk = join(guestFolder, 'disk.qcow2')
      if (!existsSync(disk)) throw new Refusal('wrong-state', definition.name, 'it has no disk yet', `start it once: diptych start ${definition.name}`)
      mkdirSync(folder, { mode: 0o700 })
      await copyStoppedDisk(disk, join(folder, 'disk.qcow2'), backing, { signal, progressed: (fraction) => progress('copying its disk', fraction) })
      await keepKernel((await this.#ports.specify(definition)).boot, folder)
      return { kind: 'cold', note: null, pausedMs: null, screen: null }
    }
    const obstacle = machine.spec.tpm === true ? 'It has a TPM, whose secrets every clone would share.' : null
    if (kind === 'live' && obstacle !== null) throw new Refusal('unsupported', definition.name, obstacle, 'make a cold one: --cold')
    const report = await machine.makeTemplate({ directory: folder, memory: kind !== 'cold' && obstacle === null, backing, progress: (detail, fraction) => progress(detail, fraction), signal })
    if (kind === 'live' && !report.live) throw new Refusal('not-followed', definition.name, `its memory cannot be taken along: ${report.reason ?? 'it did not let go of its devices'}`, 'wait until it is up, or make a cold one: --cold')
    await keepKernel(machine.spec.boot, folder)
    const note = report.live || kind === 'cold' ? null : (obstacle ?? `Its memory could not be taken along: ${report.reason ?? ''}.`)
    return { kind: report.live ? 'live' : 'cold', note, pausedMs: report.pausedMs, screen: report.screen }
  }

  async #place(folder: string, said: Pick<TemplateFile, 'name' | 'title' | 'automatic' | 'definition'>, taken: Taken): Promise<void> {
    const diskVirtualBytes = await virtualBytesOf(join(folder, 'disk.qcow2'))
    await makeOverlay(folder, said.name, diskVirtualBytes)
    await this.#ports.store.place(folder, { version: 1, ...said, ...taken, madeAt: new Date().toISOString(), diskVirtualBytes, memory: memoryIn(folder) })
  }

  async #view(template: TemplateFile, lineage: Lineage): Promise<TemplateView> {
    const { name, definition, screen, diskVirtualBytes, madeAt, pausedMs, title, kind, automatic } = template
    const bytes = this.#ports.store.bytes(name)
    return {
      name,
      title,
      kind,
      note: await this.coldReason(template),
      automatic,
      guest: definition.name,
      guestKind: definition.kind,
      os: definition.os,
      vcpus: definition.vcpus,
      memoryMiB: definition.memoryMiB,
      madeAt,
      pausedMs,
      diskVirtualBytes,
      diskBytes: bytes.disk,
      memoryBytes: bytes.memory,
      thumbnail: screen,
      clones: lineage.clonesOf(name),
      templates: lineage.templatesOn(name),
    }
  }

  #diskOwners(): DiskOwner[] {
    const { guests, trashed, guestFolder } = this.#ports
    return [...guests.all().map(({ definition }) => ({ name: definition.name, folder: guestFolder(definition.name) })), ...trashed()]
  }
}

/** The host's data directory from a guest's folder. */
export function templatesBeside(guestFolder: string): string {
  return join(dirname(dirname(guestFolder)), 'templates')
}
