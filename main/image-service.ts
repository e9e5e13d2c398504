import { basename, isAbsolute, resolve } from 'node:path'
import type { CreateGuest, GuestProposal } from '../src/contract/creation.ts'
import type { GuestUpdate } from '../src/contract/guest.ts'
import type { ImageReport, ImageSource, ImportedGuest, ImportedMachine, ImportImage } from '../src/contract/image.ts'
import type { GuestName } from '../src/contract/names.ts'
import { Refusal } from '../src/contract/refusal.ts'
import { ImageProblem } from '../src/image/image-problem.ts'
import type { DiskHints } from '../src/image/partitions.ts'
import { profileFor } from '../src/image/suggest.ts'
import { readDiskHints } from '../src/node/image/disk-hints.ts'
import { type Examined, examine } from '../src/node/image/examine.ts'
import type { ExaminedDisk } from '../src/node/image/examine-disk.ts'
import { finishMoves, removeOriginals } from '../src/node/image/moved-originals.ts'
import { stageDisk } from '../src/node/image/stage-disk.ts'
import type { Uploads } from '../src/node/image/uploads.ts'
import { verifyChecksums } from '../src/node/image/verify-checksums.ts'
import type { DiscService } from './disc-service.ts'
import { isMissing, notFound } from './error-map.ts'
import { demandSize, notesOnSize } from './guest-limits.ts'
import { reportOf } from './image-report.ts'
import type { GuestCreation, LibraryService } from './library-service.ts'
import type { Progress, TaskService } from './task-service.ts'

export interface ImagePorts {
  readonly library: LibraryService
  readonly tasks: TaskService
  readonly uploads: Uploads
  readonly discs: DiscService
  guestFolder(name: GuestName): string
}

/** What `guest.create` may say beyond what `image.import` takes. */
export type ImportWishes = ImportImage & Pick<CreateGuest, 'profile' | 'networks' | 'uplink' | 'driverDisc'>

interface Located {
  readonly path: string
  readonly shownAs: string
  readonly upload: string | null
}

/** A disc boots into an installer, which needs a disk to install on; it takes room only as it fills. */
const installDiskMiB = { linux: 20_480, windows: 65_536, other: 20_480 } as const

/** Brings disks and machines from elsewhere in. Every file is judged before QEMU sees it; a guest appears whole or not at all. */
export class ImageService {
  readonly #ports: ImagePorts
  /** Names of imports under way, so that two at a time do not fight over one at their ends. */
  readonly #promised = new Set<GuestName>()

  constructor(ports: ImagePorts) {
    this.#ports = ports
  }

  /** Ends what a killed host had begun to move in or to keep. Before the guests are read. */
  async recover(guestsRoot: string): Promise<void> {
    await Promise.all([finishMoves(guestsRoot), this.#ports.discs.recover()])
  }

  async inspect(source: ImageSource, raw: boolean): Promise<ImageReport> {
    const located = this.#locate(source)
    try {
      return reportOf(await examine(located.path, { raw }), located.shownAs, (name) => this.#isFree(name))
    } catch (error) {
      if (!(error instanceof ImageProblem)) throw spoken(error, located)
      return { source: located.shownAs, format: null, what: 'not importable', machine: null, warnings: [], refusal: { reason: error.message, remedy: error.remedy ?? null } }
    }
  }

  import(request: ImportWishes, caller: AbortSignal | undefined): Promise<ImportedGuest> {
    const located = this.#locate(request.source)
    const { shownAs, upload } = located
    demandSize(request.name ?? shownAs, request.memoryMiB)
    if (request.name !== undefined && !this.#isFree(request.name)) throw new Refusal('already-exists', request.name, 'another guest has that name')
    return this.#ports.tasks.run({ kind: 'import', title: `importing ${shownAs}`, guest: null, signal: caller }, async (signal, progress) => {
      try {
        progress('reading its headers')
        const examined = await examine(located.path, { raw: request.raw })
        const imported = await this.#make(examined, request, located, signal, progress)
        if (upload !== null) await this.#ports.uploads.discard(upload)
        return imported
      } catch (error) {
        throw spoken(error, located)
      }
    })
  }

  async #make(examined: Examined, request: ImportWishes, located: Located, signal: AbortSignal, progress: Progress): Promise<ImportedGuest> {
    const report = reportOf(examined, located.shownAs, (name) => this.#isFree(name), request.name)
    if (report.machine === null) throw new ImageProblem('unsupported', 'there is no machine in it')
    const machine = { ...report.machine, ...present({ title: request.title, networks: request.networks, vcpus: request.vcpus, memoryMiB: request.memoryMiB }) }
    const { name } = machine
    this.#promised.add(name)
    try {
      const made = await this.#create(examined, machine, request, located, signal, progress)
      return { guest: made.guest, warnings: [...report.warnings, ...notesOnSize(machine.memoryMiB), ...made.warnings] }
    } finally {
      this.#promised.delete(name)
    }
  }

  async #create(examined: Examined, machine: ImportedMachine, request: ImportWishes, located: Located, signal: AbortSignal, progress: Progress): Promise<ImportedGuest> {
    const { library, guestFolder, discs } = this.#ports
    const { uplink, driverDisc } = request
    const { name, title, os, vcpus, memoryMiB, networks } = machine
    const settled = (hints: DiskHints) => settle(machine, request, diskOf(examined), hints)
    const creation = { name, title, os, vcpus, memoryMiB, networks, uplink, driverDisc, source: { disk: 'own' }, ...settled(noHints) } as const
    if (examined.what === 'disc') {
      const cdrom = located.upload === null ? examined.path : (await discs.keep(located.upload)).path
      return { guest: await library.create({ ...creation, cdrom, disk: { sizeMiB: installDiskMiB[machine.kind] } }, signal), warnings: [] }
    }
    const disk = diskOf(examined)
    if (disk === null) return { guest: await library.create({ ...creation, disk: { sizeMiB: installDiskMiB[machine.kind] } }, signal), warnings: ['It has no disk; the guest gets an empty one.'] }
    const stage = library.stage()
    try {
      const from = await verified(examined, signal, progress)
      const staged = await stageDisk(disk, located.upload === null ? request.mode : 'copy', stage.folder, { signal, progressed: timed(progress, 'copying its disk', from) })
      const hints = examined.what === 'disk' ? await readDiskHints(staged.path, signal) : noHints
      const guest: GuestCreation = { ...creation, ...settled(hints), cdrom: discOf(examined), disk: { staged: staged.path } }
      const made = await library.create(guest, signal)
      const stayed = staged.originals === null ? [] : await removeOriginals(guestFolder(guest.name))
      return { guest: made, warnings: stayed.map((path) => `${path} could not be removed, or has changed, and stays; do not use it any more.`) }
    } finally {
      await stage.discard()
    }
  }

  /** The same for `guest.propose` and `guest.create`, which take a disk or a machine as one of their sources. */
  async propose(request: CreateGuest): Promise<GuestProposal> {
    const wishes = wishesOf(request)
    const { machine, warnings, refusal, source } = await this.inspect(wishes.source, false)
    if (machine === null) throw new Refusal('not-importable', source, refusal?.reason ?? 'there is no machine in it', refusal?.remedy ?? undefined)
    const { name, title, os, vcpus, memoryMiB, disks } = { ...machine, ...present({ name: wishes.name, title: wishes.title, vcpus: wishes.vcpus, memoryMiB: wishes.memoryMiB }) }
    const format = disks[0]?.format
    const profile = wishes.profile ?? profileFor(machine.kind, os, format === 'ova' || format === 'ovf' || format === undefined ? 'iso' : format)
    return { name, title, kind: machine.kind, os, system: null, profile, firmware: wishes.firmware ?? machine.firmware, vcpus, memoryMiB, diskMiB: null, notes: warnings }
  }

  async create(request: CreateGuest, signal: AbortSignal | undefined): Promise<{ guest: GuestUpdate; notes: string[] }> {
    const { guest, warnings } = await this.import(wishesOf(request), signal)
    return { guest, notes: warnings }
  }

  #isFree(name: GuestName): boolean {
    return !this.#promised.has(name) && this.#ports.library.isFree(name)
  }

  #locate(source: ImageSource): Located {
    if ('path' in source) {
      if (!isAbsolute(source.path)) throw new Refusal('out-of-range', source.path, 'the host does not know from which folder it is meant', 'Give the whole path.')
      return { path: resolve(source.path), shownAs: basename(source.path), upload: null }
    }
    const upload = this.#ports.uploads.find(source.upload)
    if (upload === null) throw notFound('upload', source.upload, [])
    return { path: upload.path, shownAs: upload.name, upload: source.upload }
  }
}

const noHints: DiskHints = { firmware: null, kind: null }

/** What is asked for comes first, then what the disk shows, then what its description says. */
function settle(machine: ImportedMachine, request: ImportWishes, disk: ExaminedDisk | null, hints: DiskHints): Pick<GuestCreation, 'kind' | 'profile' | 'firmware'> {
  const kind = machine.kind === 'other' ? (hints.kind ?? 'other') : machine.kind
  return { kind, profile: request.profile ?? profileFor(kind, machine.os, disk?.facts.format ?? 'iso'), firmware: request.firmware ?? hints.firmware ?? machine.firmware }
}

function diskOf(examined: Examined): ExaminedDisk | null {
  if (examined.what === 'disk') return examined.disk
  return examined.what === 'machine' ? (examined.package.disks[0] ?? null) : null
}

/** A disc that lies in an archive cannot be put into the drive from there. */
function discOf(examined: Examined): string | null {
  const place = examined.what === 'machine' ? (examined.package.disc?.place ?? null) : null
  return place === null || place.window !== null ? null : place.path
}

/** Answers how far the whole work then is. */
async function verified(examined: Examined, signal: AbortSignal, progress: Progress): Promise<number> {
  if (examined.what !== 'machine' || examined.package.checksums.length === 0) return 0
  await verifyChecksums(examined.package.checksums, { signal, progressed: (fraction) => progress('checking its checksums', fraction * 0.2) })
  return 0.2
}

/** Progress from `from` to the end of the work, with the seconds left as they have gone so far. */
function timed(progress: Progress, detail: string, from: number): (fraction: number) => void {
  const startedAt = performance.now()
  return (fraction) => {
    const seconds = (performance.now() - startedAt) / 1_000
    const left = fraction > 0.02 ? Math.ceil((seconds / fraction) * (1 - fraction)) : null
    progress(detail, from + fraction * (1 - from), left)
  }
}

/** What a file is refused for, or what the file system said of it, with its name. */
function spoken(error: unknown, { path, shownAs }: Located): unknown {
  if (error instanceof ImageProblem) return new Refusal(error.kind === 'unsupported' ? 'not-importable' : error.kind, shownAs, error.message, error.remedy)
  if (isMissing(error)) return notFound('file', path, [])
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code === 'EACCES' || code === 'EPERM') return new Refusal('not-importable', shownAs, 'it may not be read', `Allow it: chmod u+r ${path}`)
  return error
}

function wishesOf({ from, name, title, profile, firmware, vcpus, memoryMiB, driverDisc, networks, uplink }: CreateGuest): ImportWishes {
  if (from.kind !== 'disk') throw new TypeError(`a guest of kind ${from.kind} is made of no disk`)
  return { source: from.source, mode: from.mode, raw: false, name, title, profile, firmware, vcpus, memoryMiB, driverDisc, networks, uplink }
}

function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> } // what was undefined has just been left out
}
