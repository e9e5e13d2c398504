import { access, constants, lstat, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { ExportedImage, ExportFormat, ExportImage } from '../src/contract/image.ts'
import { isStopped } from '../src/contract/guest.ts'
import type { GuestName } from '../src/contract/names.ts'
import { Fault, Refusal } from '../src/contract/refusal.ts'
import { cardsOf } from '../src/guest/cards.ts'
import type { GuestDefinition } from '../src/guest/definition.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { dataBytes, exportDisk } from '../src/node/image/export-disk.ts'
import { demandRoom } from '../src/node/image/free-space.ts'
import { companionOf, type PartialFiles } from '../src/node/image/partial-file.ts'
import { writeOva } from '../src/node/image/write-ova.ts'
import { type Taken, copyRunningDisk } from './running-export.ts'
import type { Progress, TaskService } from './task-service.ts'

export interface ExportPorts {
  readonly tasks: TaskService
  readonly partials: PartialFiles
  /** A folder for the copy of a running guest's disk; one that a killed host leaves is swept. */
  scratch(): { readonly folder: string; discard(): Promise<void> }
  message(guest: GuestName, text: string): void
  owner(name: GuestName): GuestOwner
  guestFolder(name: GuestName): string
  /** Who needs the file where it is, in words. */
  usersOf(path: string): Promise<string[]>
}

/** Writes guests' disks and machines for other hypervisors. */
export class ExportService {
  readonly #ports: ExportPorts

  constructor(ports: ExportPorts) {
    this.#ports = ports
  }

  async export(request: ExportImage, caller: AbortSignal | undefined): Promise<ExportedImage> {
    const { tasks, partials, owner, guestFolder } = this.#ports
    const { definition, machine } = demandExportable(owner(request.name))
    const disk = join(guestFolder(definition.name), 'disk.qcow2')
    if (!(await exists(disk))) throw new Refusal('wrong-state', definition.name, 'it has no disk yet', `start it once: diptych start ${definition.name}`)
    const target = await this.#judge(request)
    return tasks.run({ kind: 'export', title: `exporting ${definition.name}`, guest: definition.name, signal: caller }, async (signal, progress) => {
      let virtualBytes = 0
      const write = (from: string, stop: AbortSignal, tell: Progress) =>
        partials.fill(target, request.replace, async (partial) => {
          virtualBytes = request.format === 'ova' ? await asOva(definition, from, partial, stop, tell) : await asDisk(request, from, partial, stop, tell)
        })
      const taken = machine === null ? await whileStopped(owner(definition.name), signal, (both) => write(disk, both, progress)) : await this.#whileRunning(owner(definition.name), { target, copies: copiesOf(request.format) }, signal, progress, write)
      const takenAt = taken === null ? null : taken.at.toISOString()
      return { path: target, format: request.format, fileBytes: (await stat(target)).size, virtualBytes, takenAt, warnings: [...warningsFor(request), ...unready(taken)] }
    })
  }

  /** First a copy of its disk as it is at one instant, then the export of that: the guest goes on throughout. */
  async #whileRunning(owner: GuestOwner, { target, copies }: { readonly target: string; readonly copies: number }, signal: AbortSignal, progress: Progress, write: (from: string, signal: AbortSignal, progress: Progress) => Promise<void>): Promise<Taken> {
    const { name } = owner.definition
    const scratch = this.#ports.scratch()
    try {
      const copy = join(scratch.folder, 'disk.qcow2')
      await demandRoomForBoth(await dataBytes(join(this.#ports.guestFolder(name), 'disk.qcow2')), scratch.folder, dirname(target), copies)
      const taken = await copyRunningDisk(owner, copy, { signal, progressed: (fraction) => progress('copying its disk while it runs', fraction * copyShare), message: (text) => this.#ports.message(name, text) })
      await write(copy, signal, (detail, fraction, seconds) => progress(detail, copyShare + (fraction ?? 0) * (1 - copyShare), seconds))
      return taken
    } finally {
      await scratch.discard()
    }
  }

  async #judge({ path, replace }: ExportImage): Promise<string> {
    if (!isAbsolute(path)) throw new Refusal('out-of-range', path, 'the host does not know from which folder it is meant', 'Give the whole path.')
    const target = resolve(path)
    await this.#ports.partials.demandElsewhere(target)
    const there = await lstat(target).catch(() => null)
    if (there !== null && !there.isFile()) throw new Refusal('already-exists', target, 'it is a folder or a device', 'Name a file.')
    if (there !== null && !replace) throw new Refusal('already-exists', target, 'a file of that name is there', 'Choose another name, or have it replaced (--replace).')
    const users = there === null ? [] : await this.#ports.usersOf(target)
    if (users.length > 0) throw new Refusal('in-use', target, `${users.join(', ')} ${users.length === 1 ? 'needs' : 'need'} it, as a disk used in place or a disc in a drive`, 'Choose another name.')
    await access(dirname(target), constants.W_OK).catch(() => {
      throw new Fault('export', `${dirname(target)} is not there or may not be written`, { remedy: 'Choose a folder you can write to.' })
    })
    return target
  }
}

async function asDisk(request: ExportImage, disk: string, partial: string, signal: AbortSignal, progress: Progress): Promise<number> {
  if (request.format === 'ova') throw new TypeError('an OVA is more than a disk')
  const { virtualBytes } = await exportDisk(disk, partial, request.format, { signal, compress: request.compress, copies: copiesOf(request.format), progressed: (fraction) => progress('writing its disk', fraction) })
  return virtualBytes
}

async function asOva(definition: GuestDefinition, disk: string, partial: string, signal: AbortSignal, progress: Progress): Promise<number> {
  const converted = companionOf(partial)
  const { virtualBytes, fileBytes } = await exportDisk(disk, converted, 'vmdk', { signal, compress: false, copies: copiesOf('ova'), progressed: (fraction) => progress('writing its disk', fraction * 0.8) })
  const { name, title, os, vcpus, memoryMiB, firmware, profile } = definition
  const kind = definition.kind === 'linux' || definition.kind === 'windows' ? definition.kind : 'other'
  const machine = { name, title, os, kind, vcpus, memoryMiB, firmware, networkCards: [...cardsOf(definition).map(({ network }) => network), ...(definition.uplink ? ['NAT'] : [])], diskBus: profile === 'legacy' ? 'ide' : 'sata', disk: { file: `${name}-disk1.vmdk`, fileBytes, virtualBytes } } as const
  await writeOva(partial, machine, converted, { signal, progressed: (fraction) => progress('packing it', 0.8 + fraction * 0.2) })
  return virtualBytes
}

/** The part of a running guest's export that is its disk's copy. */
const copyShare = 0.4

/** How often an export's data stands in its folder at the peak. */
function copiesOf(format: ExportFormat): number {
  return format === 'vmdk' || format === 'ova' ? 2 : 1
}

/** For the copy of a running guest's disk and what is written of it, before the first of them is begun. */
async function demandRoomForBoth(bytes: number, scratch: string, folder: string, copies: number): Promise<void> {
  const [one, other] = await Promise.all([stat(scratch), stat(folder)])
  if (one.dev === other.dev) return demandRoom(scratch, bytes * (copies + 1), 'the export of a running guest')
  await demandRoom(scratch, bytes, 'the copy of the running guest')
  await demandRoom(folder, bytes * copies, 'the export')
}

/** A suspended guest's disk belongs to memory that no other hypervisor takes. */
function demandExportable(owner: GuestOwner): GuestOwner {
  const { state, definition } = owner
  if (state === 'suspended') throw new Refusal('wrong-state', definition.name, 'it is suspended: its disk belongs to its saved memory', `let it end first: diptych start ${definition.name}, then diptych stop ${definition.name}`)
  if (!isStopped(state) && state !== 'running' && state !== 'paused') throw new Refusal('wrong-state', definition.name, `it is ${state}`, 'wait until it is running or off')
  return owner
}

/**
 * Has the guest for itself: a start that is asked for meanwhile waits, a force stop ends the export. A guest that was never
 * started has nothing to be kept from but a first start, and that QEMU's own lock on the disk refuses.
 */
async function whileStopped(owner: GuestOwner, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<null> {
  if (owner.state === 'defined') {
    await work(signal)
    return null
  }
  await owner.request('snapshot', {
    work: async (hold) => {
      if (hold.machine() !== null) throw new Refusal('busy', owner.definition.name, 'it was started meanwhile', 'export it again')
      hold.tell('is being exported')
      await work(AbortSignal.any([signal, hold.signal]))
      return hold.state()
    },
  })
  return null
}

function unready(taken: Taken | null): string[] {
  if (taken === null || taken.unready === null) return []
  return [`The disk is as after a power cut: ${taken.unready}, so its file systems were not asked to be ready. They recover at the first start.`]
}

function warningsFor({ compress, format }: ExportImage): string[] {
  return compress && format !== 'qcow2' ? ['Only qcow2 can be compressed on request; this format was written as it is.'] : []
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
