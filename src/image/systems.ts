import type { Firmware, HardwareProfile } from '../contract/hardware.ts'
import type { Resources, System } from '../contract/os.ts'
import { all, first, parseXml, textOf, type XmlElement } from './xml.ts'

/** A row of `osinfo-query os`; `uri` names the system's own file in the database. */
export interface SystemRow extends System {
  readonly uri: string
}

export const systemFields = ['short-id', 'name', 'version', 'family', 'release-date', 'id'] as const

/** Reads the table of `osinfo-query os` with the columns `systemFields` (it prints them in an order of its own, named in the first line), newest first. */
export function parseSystems(output: string): SystemRow[] {
  const [header = '', , ...lines] = output.split('\n')
  const columns = header.split('|').map((cell) => cell.trim().toLowerCase().replace(' ', '-'))
  const rows = lines.flatMap((line): SystemRow[] => {
    const cells = line.split('|').map((cell) => cell.trim())
    const [id = '', name = '', version = '', family = '', released = '', uri = ''] = systemFields.map((field) => cells[columns.indexOf(field)])
    if (id === '' || !uri.startsWith('http')) return []
    const year = /^\d{4}/.exec(released)?.[0]
    const releasedIn = year === undefined ? null : Number(year)
    return [{ id, name, uri, released: releasedIn, ...hardwareFor(family, version, releasedIn) }]
  })
  return rows.toSorted((left, right) => (right.released ?? 0) - (left.released ?? 0) || left.name.localeCompare(right.name))
}

/** Which hardware a system of that family and time has drivers for by itself. */
export function hardwareFor(family: string, version: string, released: number | null): Pick<System, 'kind' | 'profile' | 'firmware'> {
  if (family === 'winnt') {
    const modern = Number.parseFloat(version) >= 6.3 // Windows 8.1, Server 2012 R2
    return { kind: 'windows', profile: modern ? 'windows-modern' : 'legacy', firmware: modern ? 'uefi' : 'bios' }
  }
  const kind = family === 'linux' ? 'linux' : family.startsWith('win') ? 'windows' : 'other'
  const virtioSince: Readonly<Record<string, number>> = { linux: 2009, freebsd: 2012, openbsd: 2013, netbsd: 2013, dragonflybsd: 2014, haiku: 2018 }
  const since = virtioSince[family]
  const knowsVirtio = since !== undefined && (released === null || released >= since)
  return { kind, profile: knowsVirtio ? 'linux-modern' : 'legacy', firmware: 'bios' }
}

/** The system that `osinfo-detect` names, by the longest name it begins with: "Debian 11 (x86_64)", "Fedora Linux 37 Workstation (x86_64)". */
export function detectedSystem(output: string, systems: readonly SystemRow[]): SystemRow | null {
  const said = /for OS '(.*)'/.exec(output)?.[1]
  if (said === undefined) return null
  const words = said.replace(/ \([^)]*\)$/, '')
  const fitting = systems.filter(({ name }) => words === name || words.startsWith(`${name} `))
  return fitting.toSorted((left, right) => right.name.length - left.name.length)[0] ?? null
}

/** What a system of that kind usually asks for, where nobody says. */
export function usualResources({ kind, profile }: { kind: System['kind']; profile: HardwareProfile }): Resources {
  if (profile === 'legacy') return { vcpus: 1, memoryMiB: 512, diskMiB: 10_240, source: 'usual' }
  if (kind === 'windows') return { vcpus: 2, memoryMiB: 4_096, diskMiB: 65_536, source: 'usual' }
  return { vcpus: 2, memoryMiB: 2_048, diskMiB: 20_480, source: 'usual' }
}

const mebibyte = 1_048_576

/** The recommended, else the minimum resources in a system's file of the osinfo database; null when it names none. */
export function parseResources(xml: string, usual: Resources): Resources | null {
  const os = first(parseXml(xml), 'os')
  const found = ['x86_64', 'all', 'i686'].flatMap((arch) => all(os, 'resources').filter((each) => each.attributes['arch'] === arch))[0]
  if (found === undefined) return null
  const number = (name: string) => numberIn(first(found, 'recommended'), name) ?? numberIn(first(found, 'minimum'), name)
  const memory = number('ram')
  const storage = number('storage')
  if (memory === null && storage === null) return null
  return {
    vcpus: number('n-cpus') ?? usual.vcpus,
    memoryMiB: memory === null ? usual.memoryMiB : Math.ceil(memory / mebibyte),
    diskMiB: storage === null ? usual.diskMiB : Math.ceil(storage / mebibyte),
    source: 'osinfo',
  }
}

/** The system's file below `<database>/os/`: `http://debian.org/debian/11` is `debian.org/debian-11.xml`. */
export function systemFile(uri: string): string | null {
  const [, host = '', path = ''] = /^https?:\/\/([\w.-]+)\/([\w./+-]+)$/.exec(uri) ?? []
  return host === '' || `${host}/${path}`.includes('..') ? null : `${host}/${path.replaceAll('/', '-')}.xml`
}

export const usualFirmware: Readonly<Record<HardwareProfile, Firmware>> = { 'linux-modern': 'bios', 'windows-modern': 'uefi', legacy: 'bios' }

function numberIn(element: XmlElement | undefined, name: string): number | null {
  const value = Number(textOf(element, name) ?? Number.NaN)
  return Number.isFinite(value) && value > 0 ? value : null
}
