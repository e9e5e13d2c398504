import { basename } from 'node:path'
import type { CreateGuest, GuestProposal } from '../src/contract/creation.ts'
import type { GuestUpdate } from '../src/contract/guest.ts'
import type { Resources, System } from '../src/contract/os.ts'
import { Refusal } from '../src/contract/refusal.ts'
import { freeName, nameFrom } from '../src/guest/new-guest.ts'
import { titleOf } from '../src/image/suggest.ts'
import { usualFirmware, usualResources } from '../src/image/systems.ts'
import { demandSize, notesOnSize } from './guest-limits.ts'
import type { LibraryService } from './library-service.ts'
import type { DetectedDisc, OsService } from './os-service.ts'
import type { TaskService } from './task-service.ts'

/** A new guest of a disk from elsewhere or of a template: other services' business. */
export interface CreateSource {
  propose(request: CreateGuest): Promise<GuestProposal>
  create(request: CreateGuest, signal: AbortSignal | undefined): Promise<{ guest: GuestUpdate; notes: string[] }>
}

export interface CreatePorts {
  readonly library: LibraryService
  readonly systems: OsService
  readonly tasks: TaskService
  /** Disks and machines from elsewhere. */
  readonly disks: CreateSource
  readonly templates: CreateSource
}

/** Fills in what a person left out of a new guest, and makes it. */
export class CreateService {
  readonly #ports: CreatePorts

  constructor(ports: CreatePorts) {
    this.#ports = ports
  }

  async propose(request: CreateGuest): Promise<GuestProposal> {
    const proposal = await this.#propose(request)
    demandSize(proposal.name, request.memoryMiB)
    return { ...proposal, notes: [...proposal.notes, ...notesOnSize(proposal.memoryMiB)] }
  }

  #propose(request: CreateGuest): Promise<GuestProposal> {
    switch (request.from.kind) {
      case 'disk':
        return this.#ports.disks.propose(request)
      case 'template':
        return this.#ports.templates.propose(request)
      case 'iso':
      case 'empty':
        return this.#proposeEmpty(request)
    }
  }

  async create(request: CreateGuest, signal: AbortSignal | undefined): Promise<{ guest: GuestUpdate; notes: string[] }> {
    const { from } = request
    if (from.kind === 'disk') return this.#ports.disks.create(request, signal)
    const { notes, system: _, diskMiB, ...guest } = await this.propose(request)
    if (from.kind === 'template') return { ...(await this.#ports.templates.create(request, signal)), notes }
    const made = await this.#ports.tasks.run({ kind: 'create', title: `Making ${guest.name}`, guest: guest.name, signal }, (abort, progress) => {
      progress('making its disk')
      const { networks, uplink, driverDisc } = request
      const disk = { sizeMiB: diskMiB ?? usualResources(guest).diskMiB }
      return this.#ports.library.create({ ...guest, networks, uplink, driverDisc, cdrom: from.kind === 'iso' ? from.path : null, source: { disk: 'own' }, disk }, abort)
    })
    return { guest: made, notes }
  }

  async #proposeEmpty(request: CreateGuest): Promise<GuestProposal> {
    const { library, systems } = this.#ports
    const disc = request.from.kind === 'iso' ? await systems.detect(request.from.path) : null
    const system = request.system === undefined ? (disc?.system ?? null) : await systems.system(request.system)
    const profile = request.profile ?? system?.profile ?? 'linux-modern'
    const resources = await this.#resources(request, system, disc)
    const title = request.title ?? system?.name ?? (request.from.kind === 'iso' ? titleOf(disc?.label ?? basename(request.from.path)) : 'New guest')
    const name = request.name ?? freeName(nameFrom(title), (wish) => library.isFree(wish))
    if (request.name !== undefined && !library.isFree(name)) throw new Refusal('already-exists', name, 'another guest has that name, or a folder of the data directory')
    if (request.driverDisc !== undefined && profile !== 'windows-modern') throw new Refusal('unsupported', name, `the profile ${profile} takes no disc of drivers`, 'use the profile windows-modern')
    return {
      name,
      title,
      kind: system?.kind ?? (profile === 'windows-modern' ? 'windows' : 'other'),
      os: system?.name ?? disc?.label ?? 'unknown',
      system: system?.id ?? null,
      profile,
      firmware: request.firmware ?? (request.profile === undefined ? system?.firmware : undefined) ?? usualFirmware[profile],
      vcpus: request.vcpus ?? resources.vcpus,
      memoryMiB: request.memoryMiB ?? resources.memoryMiB,
      diskMiB: request.diskMiB ?? resources.diskMiB,
      notes: notesOn(request, disc, system, profile),
    }
  }

  async #resources(request: CreateGuest, system: System | null, disc: DetectedDisc | null): Promise<Resources> {
    if (system !== null && system.id === disc?.system?.id) return disc.resources
    if (system !== null) return this.#ports.systems.resources(system.id)
    return usualResources({ kind: 'other', profile: request.profile ?? 'linux-modern' })
  }
}

function notesOn(request: CreateGuest, disc: DetectedDisc | null, system: System | null, profile: GuestProposal['profile']): string[] {
  const notes: string[] = []
  if (disc?.note != null && request.system === undefined) notes.push(disc.note)
  if (request.from.kind === 'empty') notes.push('Its disk is empty: put a disc into its drive to install a system.')
  if (system !== null && system.profile !== profile) notes.push(`${system.name} usually runs on ${system.profile} hardware.`)
  if (profile === 'windows-modern') notes.push('Press a key when the screen says so: Windows asks before it starts from a disc.')
  return notes
}
