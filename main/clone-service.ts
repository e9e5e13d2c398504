import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { GuestUpdate } from '../src/contract/guest.ts'
import { GuestName } from '../src/contract/names.ts'
import { Refusal } from '../src/contract/refusal.ts'
import type { GuestDefinition } from '../src/guest/definition.ts'
import { copyOverlay } from '../src/node/template/overlay.ts'
import { flattenStoppedDisk, hasInnerSnapshots } from '../src/node/template/disk-copy.ts'
import { kernelIn, keepKernel } from '../src/node/template/kernel-files.ts'
import { Lineage } from '../src/node/template/lineage.ts'
import { placeFirmware } from '../src/node/qemu/clone-start.ts'
import type { TemplateFile } from '../src/node/template/template-file.ts'
import { hostCpus } from './guest-limits.ts'
import type { GuestRegistry } from './guest-registry.ts'
import { type LibraryService, onDisk } from './library-service.ts'
import type { Progress, TaskService } from './task-service.ts'
import type { TemplateService } from './template-service.ts'

export interface ClonePorts {
  readonly templates: TemplateService
  readonly library: LibraryService
  readonly guests: GuestRegistry
  readonly tasks: TaskService
  guestFolder(name: GuestName): string
  /** Throws Refusal when this computer has not so much left to promise. */
  demandStart(name: GuestName, force: boolean): void
}

export interface CloneRequest {
  readonly from: { readonly template: GuestName } | { readonly guest: GuestName }
  readonly name?: GuestName | undefined
  readonly title?: string | undefined
  readonly count: number
  readonly start: boolean
  readonly force: boolean
}

/** More starts at once than this only slow each other down. */
const startsAtOnce = Math.max(2, hostCpus)

/** New guests from templates, and clones that are to stand alone. Owns nothing but the order of the steps. */
export class CloneService {
  readonly #ports: ClonePorts
  /** Names of clones that are being made. */
  readonly #taken = new Set<GuestName>()

  constructor(ports: ClonePorts) {
    this.#ports = ports
  }

  async clone(request: CloneRequest, signal: AbortSignal | undefined): Promise<{ guests: GuestUpdate[]; milliseconds: number }> {
    const { templates, tasks } = this.#ports
    const begun = performance.now()
    const source = 'template' in request.from ? request.from.template : request.from.guest
    if ('template' in request.from) templates.read(request.from.template)
    const names = this.#names(request.name ?? null, source, request.count)
    for (const name of names) this.#taken.add(name)
    try {
      const title = names.length === 1 ? `Cloning ${source}` : `Cloning ${source} ${names.length} times`
      const guests = await tasks.run({ kind: 'clone', title, guest: names[0] ?? null, signal }, async (abort, progress) => {
        const template = await this.#template(request.from, abort, progress)
        try {
          return await this.#cloneAll(template, names, request, abort, progress)
        } catch (error) {
          void templates.sweep() // a template that was made for this alone has no clone
          throw error
        } finally {
          void templates.changed()
        }
      })
      return { guests, milliseconds: Math.round(performance.now() - begun) }
    } finally {
      for (const name of names) this.#taken.delete(name)
    }
  }

  /** Live from its template once more, with a fresh disk. */
  async startFresh(name: GuestName, force: boolean): Promise<GuestUpdate> {
    const owner = this.#ports.guests.get(name)
    const { source } = owner.definition
    if (!('template' in source)) throw new Refusal('unsupported', name, 'it is no clone', 'start it from its disk')
    const template = this.#ports.templates.read(source.template)
    const reason = await this.#ports.templates.coldReason(template)
    if (template.kind === 'cold' || reason !== null) throw new Refusal('unsupported', name, reason ?? `the template ${template.name} holds no memory`, 'start it from its disk')
    if (await hasInnerSnapshots(this.#disk(name))) throw new Refusal('in-use', name, 'its disk holds snapshots, which a fresh disk would not', 'delete them first, or start it from its disk')
    this.#ports.demandStart(name, force)
    await owner.request('start', { boot: 'cloned' })
    return owner.current()
  }

  /** Copies what the guest's disks share with templates into them; also while it runs. */
  async flatten(name: GuestName, signal: AbortSignal | undefined): Promise<GuestUpdate> {
    const { guests, tasks, templates, guestFolder } = this.#ports
    const owner = guests.get(name)
    const folder = guestFolder(name)
    const isClone = 'template' in owner.definition.source
    if (!isClone && (await Lineage.baseOf(folder, templates.owners())) === null) throw new Refusal('unsupported', name, 'it is no clone: its disk stands on no template')
    await tasks.run({ kind: 'flatten', title: `Making ${name} stand alone`, guest: name, signal }, async (abort, progress) => {
      await owner.request('tend', {
        work: async (hold) => {
          const machine = hold.machine()
          const progressed = (fraction: number) => progress('copying what it shares with its template', fraction)
          for (const disk of readdirSync(folder).filter((file) => /^disk\.qcow2(\.previous)?$/.test(file))) {
            const path = join(folder, disk)
            if (await hasInnerSnapshots(path)) throw new Refusal('in-use', name, 'its disk holds snapshots, which stand on the template, too', 'delete its snapshots first')
            if (machine !== null && disk === 'disk.qcow2') await machine.flattenDisk(progressed, abort)
            else await flattenStoppedDisk(path, { signal: abort, progressed })
          }
          return hold.state()
        },
      })
      if (isClone) await guests.redefine(name, { source: { disk: 'own' } })
    })
    void templates.sweep()
    return owner.current()
  }

  async #template(from: CloneRequest['from'], signal: AbortSignal, progress: Progress): Promise<TemplateFile> {
    const { templates } = this.#ports
    if ('template' in from) return templates.read(from.template)
    progress('making a template of it')
    const { name } = await templates.make({ guest: from.guest, kind: 'auto', automatic: true }, signal)
    return templates.read(name)
  }

  async #cloneAll(template: TemplateFile, names: readonly GuestName[], { title, start, force }: CloneRequest, signal: AbortSignal, progress: Progress): Promise<GuestUpdate[]> {
    const { guests, demandStart } = this.#ports
    const boot = template.kind === 'live' && (await this.#ports.templates.coldReason(template)) === null ? 'cloned' : 'auto'
    let done = 0
    await inTurns(names, startsAtOnce, async (name) => {
      signal.throwIfAborted()
      await this.#make(template, name, title, signal)
      if (start) {
        demandStart(name, force)
        await guests.get(name).request('start', { boot })
      }
      done += 1
      if (names.length > 1) progress(`${done} of ${names.length}`, done / names.length)
    })
    return names.map((name) => guests.get(name).current())
  }

  async #make(template: TemplateFile, name: GuestName, title: string | undefined, signal: AbortSignal): Promise<void> {
    const { library, templates } = this.#ports
    const folder = templates.folder(template.name)
    const { folder: staging, discard } = library.stage()
    try {
      const disk = join(staging, 'disk.qcow2')
      copyOverlay(folder, disk)
      placeFirmware(folder, disk)
      const kernel = kernelIn(folder)
      if (kernel !== null) await keepKernel(kernel, staging)
      const guest = { ...inherited(template.definition), name, title: title ?? name, source: { template: template.name }, disk: { staged: disk } }
      await library.create(guest, signal)
    } catch (error) {
      throw onDisk(error, `${name} could not be made`)
    } finally {
      await discard()
    }
  }

  #names(wish: GuestName | null, source: GuestName, count: number): GuestName[] {
    const { library } = this.#ports
    const isFree = (name: GuestName) => library.isFree(name) && !this.#taken.has(name)
    if (wish !== null && !isFree(wish)) throw new Refusal('already-exists', wish, 'another guest has that name, or a folder of the data directory')
    const names = wish === null ? [] : [wish]
    for (let number = wish === null ? 1 : 2; names.length < count; number += 1) {
      const ending = `-${number}`
      const name = GuestName.parse(`${(wish ?? source).slice(0, 32 - ending.length).replace(/-+$/, '')}${ending}`)
      if (isFree(name)) names.push(name)
    }
    return names
  }

  #disk(name: GuestName): string {
    return join(this.#ports.guestFolder(name), 'disk.qcow2')
  }
}

/** Everything of a definition but who it is: name, uuid and addresses are the clone's own, sliders begin at rest. */
function inherited(definition: GuestDefinition) {
  const { kind, os, profile, vcpus, memoryMiB, firmware, uplink, cdrom, driverDisc, parameters, screen, bootFrom, secureBoot, tpm, clipboard, maximumVcpus, maximumMemoryMiB } = definition
  const networks = definition.networks?.map((entry) => (typeof entry === 'object' ? entry.name : entry))
  return { kind, os, profile, vcpus, memoryMiB, firmware, uplink, cdrom, driverDisc, parameters, screen, networks, bootFrom, secureBoot, tpm, clipboard, maximumVcpus, maximumMemoryMiB }
}

/** Runs `work` on each, at most `width` at once. After a failure nothing new begins; it is told when what was begun has ended. */
async function inTurns<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  const failures: unknown[] = []
  const worker = async () => {
    for (let item = left.shift(); item !== undefined && failures.length === 0; item = left.shift()) await work(item).catch((error: unknown) => failures.push(error))
  }
  await Promise.all(Array.from({ length: width }, worker))
  if (failures.length > 0) throw failures[0]
}
