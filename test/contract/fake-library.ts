import type { CreateGuest, GuestProposal } from '../../src/contract/creation.ts'
import type { GuestKind, GuestState, GuestUpdate } from '../../src/contract/guest.ts'
import type { EditPlan, GuestSettingsView, SettingsChange } from '../../src/contract/guest-settings.ts'
import { GuestName } from '../../src/contract/names.ts'
import type { Resources, System } from '../../src/contract/os.ts'
import type { TrashId, TrashItem } from '../../src/contract/trash.ts'
import { GuestDefinition } from '../../src/guest/definition.ts'
import { planEdit } from '../../src/guest/edit-plan.ts'
import { defineGuest, freeName, nameFrom } from '../../src/guest/new-guest.ts'
import { settingsOf, withChanges } from '../../src/guest/settings.ts'

/** A world of guests in memory, as a fake host keeps them. */
export interface FakeGuests {
  names(): readonly string[]
  find(name: string): GuestUpdate | undefined
  /** A stopped guest of that name; tells the watchers. */
  add(name: GuestName, title: string, kind: GuestKind): GuestUpdate
  remove(name: GuestName): void
  retitle(name: GuestName, title: string): void
}

/** Why the fake says no: the router throws it as REFUSED. */
export class FakeRefusal extends Error {
  readonly code: 'wrong-state' | 'already-exists' | 'out-of-range'
  constructor(code: FakeRefusal['code'], reason: string) {
    super(reason)
    this.code = code
  }
}

export const fakeSystems: System[] = [
  { id: 'debian12', name: 'Debian 12', kind: 'linux', profile: 'linux-modern', firmware: 'bios', released: 2023 },
  { id: 'win11', name: 'Microsoft Windows 11', kind: 'windows', profile: 'windows-modern', firmware: 'uefi', released: 2021 },
  { id: 'winxp', name: 'Microsoft Windows XP', kind: 'windows', profile: 'legacy', firmware: 'bios', released: 2001 },
]

export function fakeResources(system: string | null): Resources {
  if (system === 'win11') return { vcpus: 2, memoryMiB: 4_096, diskMiB: 65_536, source: 'osinfo' }
  return system === 'winxp' ? { vcpus: 1, memoryMiB: 512, diskMiB: 10_240, source: 'usual' } : { vcpus: 2, memoryMiB: 2_048, diskMiB: 20_480, source: 'usual' }
}

/** The system a disc would be, judged by its name alone. */
export function fakeSystemOn(path: string): System | null {
  return fakeSystems.find(({ id }) => path.toLowerCase().includes(id)) ?? null
}

/** Creating, editing and deleting in memory, with the real plan of an edit. */
export class FakeLibrary {
  trash: TrashItem[] = []
  readonly #guests: FakeGuests
  readonly #definitions = new Map<string, GuestDefinition>()
  #next = 1

  constructor(guests: FakeGuests) {
    this.#guests = guests
  }

  propose({ from, ...wish }: CreateGuest): GuestProposal {
    const system = wish.system === undefined ? (from.kind === 'iso' ? fakeSystemOn(from.path) : null) : (fakeSystems.find(({ id }) => id === wish.system) ?? null)
    const title = wish.title ?? system?.name ?? 'New guest'
    const { vcpus, memoryMiB, diskMiB } = fakeResources(system?.id ?? null)
    return {
      name: wish.name ?? freeName(nameFrom(title), (name) => !this.#guests.names().includes(name)),
      title,
      kind: system?.kind ?? 'other',
      os: system?.name ?? 'unknown',
      system: system?.id ?? null,
      profile: wish.profile ?? system?.profile ?? 'linux-modern',
      firmware: wish.firmware ?? system?.firmware ?? 'bios',
      vcpus: wish.vcpus ?? vcpus,
      memoryMiB: wish.memoryMiB ?? memoryMiB,
      diskMiB: from.kind === 'disk' || from.kind === 'template' ? null : (wish.diskMiB ?? diskMiB),
      notes: system === null && from.kind === 'iso' ? ['The disc is not one the osinfo database knows; usual values are proposed.'] : [],
    }
  }

  create(request: CreateGuest): { guest: GuestUpdate; notes: string[] } {
    const { notes, system: _system, diskMiB: _disk, ...proposal } = this.propose(request)
    if (this.#guests.names().includes(proposal.name)) throw new FakeRefusal('already-exists', 'another guest has that name')
    const guest = this.#guests.add(proposal.name, proposal.title, proposal.kind)
    const cdrom = request.from.kind === 'iso' ? request.from.path : null
    this.#definitions.set(proposal.name, defineGuest({ ...proposal, cdrom, source: { disk: 'own' } }, new Set(), (count) => this.#bytes(count)))
    return { guest, notes }
  }

  settings(name: GuestName): GuestSettingsView {
    const definition = this.#definition(name)
    return { settings: settingsOf(definition), hash: this.#hash(definition), path: `/home/person/.local/share/diptych/guests/${name}/guest.yaml`, origin: { kind: 'own', name: null }, disk: { virtualMiB: 20_480, usedMiB: 3_400 } }
  }

  plan(name: GuestName, changes: SettingsChange): EditPlan {
    const definition = this.#definition(name)
    const state = this.#state(name)
    const hasDrive = ['running', 'paused', 'starting'].includes(state) ? true : null
    const plan = planEdit(definition, changes, { state, hasDrive, hostCpus: 8, sizeFault: (memoryMiB) => (memoryMiB > 16_384 ? { certain: true, text: 'This computer has 16384 MiB.' } : null), clipboardUnavailable: null, isFree: (wish) => !this.#guests.names().includes(wish), discFault: () => null })
    return { ...plan, hash: this.#hash(definition) }
  }

  edit(name: GuestName, changes: SettingsChange): { guest: GuestUpdate; plan: EditPlan } {
    const plan = this.plan(name, changes)
    const refused = plan.changes.find(({ when }) => when === 'refused')
    if (refused !== undefined) throw new FakeRefusal('out-of-range', refused.note ?? refused.field)
    const definition = this.#definition(name)
    const changed = GuestDefinition.parse({ ...definition, ...withChanges(settingsOf(definition), changes) })
    this.#definitions.delete(name)
    this.#definitions.set(changed.name, changed)
    if (changed.name !== name) {
      this.#guests.remove(name)
      this.#guests.add(changed.name, changed.title, changed.kind)
    } else if (changed.title !== definition.title) this.#guests.retitle(name, changed.title)
    return { guest: this.#update(changed.name), plan }
  }

  delete(name: GuestName): TrashItem {
    if (!['stopped', 'defined', 'failed', 'suspended'].includes(this.#state(name))) throw new FakeRefusal('wrong-state', `it can be deleted only while it is stopped; it is ${this.#state(name)}`)
    const { title, os } = this.#definition(name)
    const at = new Date(Date.UTC(2026, 0, 31, 10, 15, 0, this.#next++))
    const item: TrashItem = { id: `${at.toISOString().replace(/[-:.]/g, '')}-${name}`, name, title, os, deletedAt: at.toISOString(), bytes: 3_400 * 1_048_576, problem: null }
    this.#guests.remove(name)
    this.trash = [item, ...this.trash]
    return item
  }

  item(id: TrashId): TrashItem | undefined {
    return this.trash.find((item) => item.id === id)
  }

  restore(item: TrashItem, as: GuestName | undefined): GuestUpdate {
    const name = as ?? item.name
    if (this.#guests.names().includes(name)) throw new FakeRefusal('already-exists', 'another guest has that name by now')
    this.trash = this.trash.filter((each) => each !== item)
    return this.#guests.add(name, item.title, 'other')
  }

  purge(items: readonly TrashItem[]): number {
    this.trash = this.trash.filter((each) => !items.includes(each))
    return items.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  #update(name: GuestName): GuestUpdate {
    const found = this.#guests.find(name)
    if (found === undefined) throw new Error(`no guest ${name}`)
    return found
  }

  #state(name: GuestName): GuestState {
    return this.#update(name).view.state
  }

  #definition(name: GuestName): GuestDefinition {
    const known = this.#definitions.get(name)
    if (known !== undefined) return known
    const { view } = this.#update(name)
    const made = defineGuest({ name, title: view.title || name, kind: view.kind, os: view.os.name, profile: 'linux-modern', vcpus: view.vcpus, memoryMiB: 2_048, firmware: 'bios', source: { disk: 'own' } }, new Set(), (count) => this.#bytes(count))
    this.#definitions.set(name, made)
    return made
  }

  #hash(definition: GuestDefinition): string {
    return JSON.stringify(settingsOf(definition))
  }

  #bytes(count: number): Uint8Array {
    return new Uint8Array(count).map(() => (this.#next = (this.#next * 75 + 74) % 65_537) & 0xff)
  }
}
