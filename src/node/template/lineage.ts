import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { GuestName } from '../../contract/names.ts'
import { backingName } from '../qemu/inner-backing.ts'

/** A guest or template and the folder of its disks. */
export interface DiskOwner {
  readonly name: GuestName
  readonly folder: string
}

/** Who stands on what, read from the disks themselves: no file that says otherwise can make a template look free. */
export class Lineage {
  readonly #templates: readonly DiskOwner[]
  readonly #guests: readonly DiskOwner[]
  readonly #bases = new Map<string, ReadonlySet<string>>()

  private constructor(templates: readonly DiskOwner[], guests: readonly DiskOwner[]) {
    this.#templates = templates
    this.#guests = guests
  }

  static async read(templates: readonly DiskOwner[], guests: readonly DiskOwner[]): Promise<Lineage> {
    const lineage = new Lineage(templates, guests)
    await Promise.all([...templates, ...guests].map(async ({ folder }) => lineage.#bases.set(folder, await basesOf(folder))))
    return lineage
  }

  /** Guests whose disks, also their former ones, stand on the template, directly or through other templates. */
  clonesOf(template: GuestName): GuestName[] {
    const under = [template, ...this.templatesOn(template)].map((name) => this.#folder(name))
    const found = this.#guests.filter(({ folder }) => under.some((base) => this.#bases.get(folder)?.has(base))).map(({ name }) => name)
    return found.sort((left, right) => left.localeCompare(right, 'en', { numeric: true }))
  }

  templatesOn(template: GuestName): GuestName[] {
    const found = new Set<GuestName>()
    const look = (base: string) => {
      for (const { name, folder } of this.#templates) {
        if (found.has(name) || !this.#bases.get(folder)?.has(base)) continue
        found.add(name)
        look(folder)
      }
    }
    look(this.#folder(template))
    return [...found]
  }

  /** The template that a folder's disk.qcow2 stands on. */
  static async baseOf(folder: string, templates: readonly DiskOwner[]): Promise<GuestName | null> {
    const base = existsSync(join(folder, 'disk.qcow2')) ? await backingName(join(folder, 'disk.qcow2')) : null
    if (base === null) return null
    return templates.find((template) => template.folder === dirname(resolve(folder, base)))?.name ?? null
  }

  #folder(name: GuestName): string {
    return this.#templates.find((template) => template.name === name)?.folder ?? ''
  }
}

/** The folders of the files that the folder's disks name as their bases. */
async function basesOf(folder: string): Promise<ReadonlySet<string>> {
  const disks = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('disk.qcow2')) : []
  const bases = await Promise.all(disks.map((name) => backingName(join(folder, name)).catch(goneMeanwhile)))
  return new Set(bases.flatMap((base) => (base === null ? [] : [dirname(resolve(folder, base))])))
}

/** A disk that cannot be read may well stand on a template, which then must not look free. */
function goneMeanwhile(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
  throw error
}
