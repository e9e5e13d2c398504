import type { CreateGuest, GuestProposal } from '../src/contract/creation.ts'
import type { GuestUpdate } from '../src/contract/guest.ts'
import { fieldNames } from '../src/contract/guest-settings.ts'
import { Refusal } from '../src/contract/refusal.ts'
import { freeName } from '../src/guest/new-guest.ts'
import type { CloneService } from './clone-service.ts'
import type { CreateSource } from './create-service.ts'
import type { GuestRegistry } from './guest-registry.ts'
import type { LibraryService } from './library-service.ts'
import type { TemplateService } from './template-service.ts'

export interface TemplateCreationPorts {
  readonly library: LibraryService
  readonly guests: GuestRegistry
  readonly templates: TemplateService
  readonly clones: CloneService
}

/** A clone of a template as one source of `guest.create`: it has the template's hardware, and is not started. */
export class TemplateCreation implements CreateSource {
  readonly #ports: TemplateCreationPorts

  constructor(ports: TemplateCreationPorts) {
    this.#ports = ports
  }

  async propose(request: CreateGuest): Promise<GuestProposal> {
    const { library, templates } = this.#ports
    const { definition, title } = templates.read(templateOf(request))
    demandNoHardware(request)
    const name = request.name ?? freeName(templateOf(request), (wish) => library.isFree(wish))
    if (!library.isFree(name)) throw new Refusal('already-exists', name, 'another guest has that name, or a folder of the data directory')
    const { kind, os, profile, firmware, vcpus, memoryMiB } = definition
    return { name, title: request.title ?? title, kind, os, system: null, profile, firmware, vcpus, memoryMiB, diskMiB: null, notes: [] }
  }

  async create(request: CreateGuest, signal: AbortSignal | undefined): Promise<{ guest: GuestUpdate; notes: string[] }> {
    const { guests, clones } = this.#ports
    const { name, title, notes } = await this.propose(request)
    await clones.clone({ from: { template: templateOf(request) }, name, title, count: 1, start: false, force: false }, signal)
    const { networks, uplink } = request
    if (networks !== undefined || uplink !== undefined) await guests.redefine(name, { ...(networks === undefined ? {} : { networks }), ...(uplink === undefined ? {} : { uplink }) })
    return { guest: guests.get(name).current(), notes }
  }
}

function templateOf({ from }: CreateGuest) {
  if (from.kind !== 'template') throw new Refusal('unsupported', from.kind, 'it is no template')
  return from.template
}

/** A live template's memory fits the machine it was saved on, and no other. */
function demandNoHardware(request: CreateGuest): void {
  const given = (['profile', 'firmware', 'vcpus', 'memoryMiB', 'diskMiB', 'driverDisc'] as const).find((field) => request[field] !== undefined)
  if (given !== undefined) throw new Refusal('unsupported', `the ${given === 'diskMiB' ? 'disk' : fieldNames[given]} of a clone`, 'a clone has the hardware of its template', 'make it, then change it: diptych edit NAME')
}
