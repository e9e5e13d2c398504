import { DiscId, type DiscView } from '../../../src/contract/disc.ts'
import type { GuestName } from '../../../src/contract/names.ts'
import type { TemplateView } from '../../../src/contract/template.ts'
import type { TrashItem } from '../../../src/contract/trash.ts'
import { Broadcast } from './broadcast.ts'
import type { FakeGuest } from './views.ts'

/** Templates, discs and the trash, in memory. */
export class FakeLibrary {
  readonly templateEvents = new Broadcast<TemplateView[]>()
  readonly trashEvents = new Broadcast<TrashItem[]>()
  readonly discEvents = new Broadcast<DiscView[]>()
  templates: TemplateView[] = []
  discs: DiscView[] = []
  trash: TrashItem[] = []
  readonly #deleted = new Map<string, FakeGuest>()

  addTemplate(guest: FakeGuest, name: GuestName, title: string, kind: TemplateView['kind'], change: Partial<TemplateView> = {}): TemplateView {
    const made: TemplateView = {
      name,
      title,
      kind,
      note: null,
      automatic: false,
      guest: guest.name,
      guestKind: guest.kind,
      os: guest.kind === 'linux' ? 'Debian GNU/Linux 12' : 'Windows',
      vcpus: 2,
      memoryMiB: 1024,
      madeAt: '2026-11-21T14:05:00.000Z',
      pausedMs: kind === 'live' ? 180 : null,
      diskVirtualBytes: 8 * 2 ** 30,
      diskBytes: 412_000_000,
      memoryBytes: kind === 'live' ? 171_000_000 : 0,
      thumbnail: kind === 'live' ? { width: 1280, height: 800 } : null,
      clones: [],
      templates: [],
      ...change,
    }
    this.setTemplates([...this.templates.filter((template) => template.name !== name), made])
    return made
  }

  setTemplates(templates: TemplateView[]): void {
    this.templates = templates
    this.templateEvents.emit(templates)
  }

  throwAway(guest: FakeGuest, at = new Date()): TrashItem {
    const id = `${at.toISOString().replace(/[-:.]/g, '')}-${guest.name}`
    const item: TrashItem = { id, name: guest.name, title: guest.title || guest.name, os: 'Debian GNU/Linux 12', deletedAt: at.toISOString(), bytes: 3_240_000_000, problem: null }
    this.#deleted.set(id, guest)
    this.#setTrash([item, ...this.trash])
    return item
  }

  takeBack(id: string): FakeGuest | undefined {
    const guest = this.#deleted.get(id)
    this.purge(id)
    return guest
  }

  purge(id: string): number {
    const bytes = this.trash.find((item) => item.id === id)?.bytes ?? 0
    this.#deleted.delete(id)
    this.#setTrash(this.trash.filter((item) => item.id !== id))
    return bytes
  }

  keepDisc(name: string, users: string[] = []): DiscView {
    const id = DiscId.parse(this.discs.length.toString(16).padStart(32, 'd'))
    const disc: DiscView = { id, name, path: `/home/ada/.local/share/diptych/discs/${id}/${name}`, bytes: 661_651_456, keptAt: '2026-11-22T09:12:00.000Z', users }
    this.#setDiscs([disc, ...this.discs])
    return disc
  }

  deleteDisc(id: string): number {
    const bytes = this.discs.find((disc) => disc.id === id)?.bytes ?? 0
    this.#setDiscs(this.discs.filter((disc) => disc.id !== id))
    return bytes
  }

  #setDiscs(discs: DiscView[]): void {
    this.discs = discs
    this.discEvents.emit(discs)
  }

  #setTrash(trash: TrashItem[]): void {
    this.trash = trash
    this.trashEvents.emit(trash)
  }
}
