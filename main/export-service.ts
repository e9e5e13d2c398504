import { access, constants, lstat, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path'
import type { ExportedImage, ExportImage } from '../src/contract/image.ts'
import { isStopped } from '../src/contract/guest.ts'
import type { GuestName } from '../src/contract/names.ts'
import { Fault, Refusal } from '../src/contract/refusal.ts'
import { cardsOf } from '../src/guest/cards.ts'
import type { GuestDefinition } from '../src/guest/definition.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { exportDisk } from '../src/node/image/export-disk.ts'
import { companionOf, type PartialFiles } from '../src/node/image/partial-file.ts'
import { writeOva } from '../src/node/image/write-ova.ts'
import type { Progress, TaskService } from './task-service.ts'

export interface ExportPorts {
  readonly tasks: TaskService
  readonly partials: PartialFiles
  /** Nothing is written below it, not to overwrite a guest. */
  readonly dataDirectory: string
  owner(name: GuestName): GuestOwner
  guestFolder(name: GuestName): string
}

/** Writes guests' disks and machines for other hypervisors. */
export class ExportService {
  readonly #ports: ExportPorts

  constructor(ports: ExportPorts) {
    this.#ports = ports
  }

  async export(request: ExportImage, caller: AbortSignal | undefined): Promise<ExportedImage> {
    const { tasks, partials, owner, guestFolder } = this.#ports
    const { definition } = demandStopped(owner(request.name))
    const disk = join(guestFolder(definition.name), 'disk.qcow2')
    if (!(await exists(disk))) throw new Refusal('wrong-state', definition.name, 'it has no disk yet', `start it once: diptych start ${definition.name}`)
    const target = await this.#judge(request)
    return tasks.run({ kind: 'export', title: `exporting ${definition.name}`, guest: definition.name, signal: caller }, async (signal, progress) => {
      let virtualBytes = 0
      await whileStopped(owner(definition.name), signal, (both) =>
        partials.fill(target, request.replace, async (partial) => {
          virtualBytes = request.format === 'ova' ? await asOva(definition, disk, partial, both, progress) : await asDisk(request, disk, partial, both, progress)
        }),
      )
      return { path: target, format: request.format, fileBytes: (await stat(target)).size, virtualBytes, warnings: warningsFor(request, definition) }
    })
  }

  async #judge({ path, replace }: ExportImage): Promise<string> {
    if (!isAbsolute(path)) throw new Refusal('out-of-range', path, 'the host does not know from which folder it is meant', 'Give the whole path.')
    const target = resolve(path)
    if (`${target}${sep}`.startsWith(`${resolve(this.#ports.dataDirectory)}${sep}`)) throw new Refusal('out-of-range', target, "it lies among Diptych's own files", 'Choose a folder of yours.')
    const there = await lstat(target).catch(() => null)
    if (there !== null && !there.isFile()) throw new Refusal('already-exists', target, 'it is a folder or a device', 'Name a file.')
    if (there !== null && !replace) throw new Refusal('already-exists', target, 'a file of that name is there', 'Choose another name, or ask for it to be replaced.')
    await access(dirname(target), constants.W_OK).catch(() => {
      throw new Fault('export', `${dirname(target)} is not there or may not be written`, { remedy: 'Choose a folder you can write to.' })
    })
    return target
  }
}

async function asDisk(request: ExportImage, disk: string, partial: string, signal: AbortSignal, progress: Progress): Promise<number> {
  if (request.format === 'ova') throw new TypeError('an OVA is more than a disk')
  const { virtualBytes } = await exportDisk(disk, partial, request.format, { signal, compress: request.compress, copies: request.format === 'vmdk' ? 2 : 1, progressed: (fraction) => progress('writing its disk', fraction) })
  return virtualBytes
}

async function asOva(definition: GuestDefinition, disk: string, partial: string, signal: AbortSignal, progress: Progress): Promise<number> {
  const converted = companionOf(partial)
  const { virtualBytes, fileBytes } = await exportDisk(disk, converted, 'vmdk', { signal, compress: false, copies: 2, progressed: (fraction) => progress('writing its disk', fraction * 0.8) })
  const { name, title, os, vcpus, memoryMiB, firmware, profile } = definition
  const kind = definition.kind === 'linux' || definition.kind === 'windows' ? definition.kind : 'other'
  const machine = { name, title, os, kind, vcpus, memoryMiB, firmware, networkCards: Math.max(1, cardsOf(definition).length), diskBus: profile === 'legacy' ? 'ide' : 'sata', disk: { file: `${name}-disk1.vmdk`, fileBytes, virtualBytes } } as const
  await writeOva(partial, machine, converted, { signal, progressed: (fraction) => progress('packing it', 0.8 + fraction * 0.2) })
  return virtualBytes
}

/** A running guest's disk is between two states; a suspended one's belongs to memory that no other hypervisor takes. */
function demandStopped(owner: GuestOwner): GuestOwner {
  const { state, definition } = owner
  if (state === 'suspended') throw new Refusal('wrong-state', definition.name, 'it is suspended: its disk belongs to its saved memory', `let it end first: diptych start ${definition.name}, then diptych stop ${definition.name}`)
  if (!isStopped(state)) throw new Refusal('wrong-state', definition.name, `it is ${state}, so its disk is changing`, `stop it first: diptych stop ${definition.name}`)
  return owner
}

/**
 * Has the guest for itself: a start that is asked for meanwhile waits, a force stop ends the export. A guest that was never
 * started has nothing to be kept from but a first start, and that QEMU's own lock on the disk refuses.
 */
async function whileStopped(owner: GuestOwner, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  if (owner.state === 'defined') return work(signal)
  await owner.request('snapshot', {
    work: async (hold) => {
      demandStopped(owner)
      hold.tell('is being exported')
      await work(AbortSignal.any([signal, hold.signal]))
      return hold.state()
    },
  })
}

function warningsFor(request: ExportImage, definition: GuestDefinition): string[] {
  return [
    ...('recipe' in definition.source ? [`${basename(request.path)} does not boot elsewhere by itself: the demonstration guests are started with a kernel that Diptych keeps beside their disks.`] : []),
    ...(request.compress && request.format !== 'qcow2' ? ['Only qcow2 can be compressed on request; this format was written as it is.'] : []),
  ]
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
