import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Resources } from '../contract/os.ts'
import { type SystemRow, detectedSystem, parseResources, parseSystems, systemFields, systemFile, usualResources } from '../image/systems.ts'
import { runProgram } from './process/run-program.ts'

const databases = ['/usr/local/share/osinfo/os', '/usr/share/osinfo/os']

/**
 * The osinfo database that virt-manager and GNOME Boxes use, through its own tools (Debian: libosinfo-bin, osinfo-db).
 * Without them it knows nothing, and says so by null.
 */
export class Osinfo {
  #systems: Promise<SystemRow[] | null> | null = null

  /** All systems, newest first; null when the tools are not installed. Asked once, and again as long as they are missing. */
  systems(): Promise<SystemRow[] | null> {
    this.#systems ??= readSystems().then((found) => {
      if (found === null) this.#systems = null
      return found
    })
    return this.#systems
  }

  /** The system that a disc installs or runs; null when it is not recognised. */
  async detect(path: string): Promise<SystemRow | null> {
    const systems = await this.systems()
    if (systems === null) return null
    const found = await runProgram('osinfo-detect', [path]).catch(() => null)
    return found === null ? null : detectedSystem(found.stdout, systems)
  }

  async resources(system: SystemRow): Promise<Resources> {
    const usual = usualResources(system)
    const file = systemFile(system.uri)
    for (const database of file === null ? [] : databases) {
      const text = await readFile(join(database, file ?? ''), 'utf8').catch(() => null)
      if (text !== null) return parseResources(text, usual) ?? usual
    }
    return usual
  }
}

async function readSystems(): Promise<SystemRow[] | null> {
  const found = await runProgram('osinfo-query', ['os', `--fields=${systemFields.join(',')}`]).catch(() => null)
  return found === null || found.exitCode !== 0 ? null : parseSystems(found.stdout)
}
