import type { Resources, System } from '../src/contract/os.ts'
import { Refusal, reasonOf } from '../src/contract/refusal.ts'
import { readOptical } from '../src/image/optical.ts'
import { type SystemRow, usualResources } from '../src/image/systems.ts'
import { withFile } from '../src/node/image/file-source.ts'
import { Osinfo } from '../src/node/osinfo.ts'
import { isMissing, notFound } from './error-map.ts'

export interface DetectedDisc {
  readonly system: System | null
  readonly resources: Resources
  readonly label: string | null
  readonly bootable: boolean
  readonly note: string | null
}

const missing = 'The osinfo database is not installed, so systems are not recognised: sudo apt-get install libosinfo-bin osinfo-db'

/** Which operating systems there are, what they ask for, and which one is on a disc. */
export class OsService {
  readonly #osinfo = new Osinfo()

  async list(): Promise<{ systems: System[]; note: string | null }> {
    const systems = await this.#osinfo.systems()
    return { systems: (systems ?? []).map(plain), note: systems === null ? missing : null }
  }

  /** Throws Refusal for a file that is no disc. */
  async detect(path: string): Promise<DetectedDisc> {
    const disc = await withFile(path, readOptical).catch((error: unknown) => {
      if (isMissing(error)) throw notFound('file', path, [])
      throw new Refusal('damaged', path, reasonOf(error), 'name a disc image (ISO)')
    })
    if (disc === null) throw new Refusal('unsupported', path, 'it is not a disc image (ISO 9660 or UDF)', 'for a disk, import it instead')
    const systems = await this.#osinfo.systems()
    const system = await this.#osinfo.detect(path)
    const bootable = disc.bootable ?? true // a UDF-only disc does not say; Windows' ones boot
    const note = systems === null ? missing : system === null ? 'The disc is not one the osinfo database knows; usual values are proposed.' : null
    return {
      system: system === null ? null : plain(system),
      resources: system === null ? usualResources({ kind: 'other', profile: 'linux-modern' }) : await this.#osinfo.resources(system),
      label: disc.label,
      bootable,
      note: bootable ? note : 'The disc is not bootable.',
    }
  }

  async resources(id: string): Promise<Resources> {
    return this.#osinfo.resources(await this.#row(id))
  }

  async system(id: string): Promise<System> {
    return plain(await this.#row(id))
  }

  async #row(id: string): Promise<SystemRow> {
    const systems = (await this.#osinfo.systems()) ?? []
    const found = systems.find((system) => system.id === id)
    if (found === undefined) throw notFound('operating system', id, systems.map((system) => system.id).filter((known) => known.startsWith(id.slice(0, 3))).slice(0, 40))
    return found
  }
}

function plain({ id, name, kind, profile, firmware, released }: SystemRow): System {
  return { id, name, kind, profile, firmware, released }
}
