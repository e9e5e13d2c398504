import { realpath } from 'node:fs/promises'
import { basename } from 'node:path'
import { type ByteSource, part, readExactly, readUpTo } from '../../image/byte-source.ts'
import { type DetectOptions, detectDisk, isOvf } from '../../image/detect.ts'
import { damaged, demand, unsupported } from '../../image/image-problem.ts'
import { type Checksum, readManifest } from '../../image/manifest.ts'
import { type OvfDisk, type OvfFile, type OvfMachine, readOvf } from '../../image/ovf.ts'
import { openMember, readTar, type TarMember } from '../../image/tar.ts'
import { beside, type ExaminedDisk, examineDisk } from './examine-disk.ts'
import { withFile } from './file-source.ts'

/** Where a package's file lies: a file of its own, or a part of the archive. */
export interface Place {
  readonly path: string
  readonly window: { readonly offset: number; readonly size: number } | null
}

/** A machine out of an OVA or OVF with its disks found and judged. */
export interface ExaminedPackage {
  readonly kind: 'ova' | 'ovf'
  readonly path: string
  readonly machine: OvfMachine
  readonly disks: readonly (ExaminedDisk & { readonly name: string })[]
  readonly disc: { readonly name: string; readonly place: Place } | null
  /** Checksums to be verified while importing, with where each file lies. */
  readonly checksums: readonly (Checksum & { readonly place: Place })[]
}

const longestDescription = 4 << 20

/** Reads an archive's list, the description in it, and the headers of the disks it names. Unpacks nothing. */
export async function examineOva(path: string, options: DetectOptions): Promise<ExaminedPackage> {
  const own = await realpath(path)
  return withFile(own, async (source) => {
    const members = await readTar(source)
    const description = await findDescription(source, members)
    const locate = (name: string): Promise<Place> => {
      const member = members.find((each) => each.name === name)
      demand(member !== undefined, () => damaged(`it should hold "${name}" and does not: it is cut short`))
      return Promise.resolve({ path: own, window: { offset: member.offset, size: member.size } })
    }
    const manifest = members.find((each) => each.name === manifestOf(description.name))
    const checksums = manifest === undefined ? [] : readManifest(await text(openMember(source, manifest), longestDescription))
    return examine('ova', own, await text(openMember(source, description), longestDescription), checksums, locate, options)
  })
}

/** The same for a description with its files beside it. */
export async function examineOvf(path: string, options: DetectOptions): Promise<ExaminedPackage> {
  const own = await realpath(path)
  const locate = async (name: string): Promise<Place> => ({ path: await beside(own, name, 'a file of it'), window: null })
  const manifest = await beside(own, manifestOf(basename(own)), 'its list of checksums').catch(() => null) // most have none
  const checksums = manifest === null ? [] : readManifest(await withFile(manifest, (source) => text(source, longestDescription)))
  return examine('ovf', own, await withFile(own, (source) => text(source, longestDescription)), checksums, locate, options)
}

/** By content: an archive may name it as it likes, but holds one. */
async function findDescription(source: ByteSource, members: readonly TarMember[]): Promise<TarMember> {
  const found: TarMember[] = []
  for (const member of members) {
    if (member.size <= longestDescription && isOvf(await readUpTo(openMember(source, member), 0, 4_096))) found.push(member)
  }
  const [description, another] = found
  demand(description !== undefined, () => unsupported('it is a tar archive without the description of a machine', 'Unpack it (tar -xf FILE) and import the disk in it.'))
  demand(another === undefined, () => unsupported('it describes several machines', 'Unpack it (tar -xf FILE) and import each .ovf by itself.'))
  return description
}

async function examine(kind: 'ova' | 'ovf', path: string, description: string, checksums: readonly Checksum[], locate: (name: string) => Promise<Place>, options: DetectOptions): Promise<ExaminedPackage> {
  const machine = readOvf(description)
  const disks = []
  for (const disk of machine.disks) disks.push({ ...(await examineMember(disk, await locate(disk.name), options)), name: disk.name })
  const disc = machine.disc === null ? null : { name: machine.disc.name, place: await locate(machine.disc.name) }
  const stated = [...machine.disks, ...(machine.disc === null ? [] : [machine.disc])]
  const checked = await Promise.all(checksums.filter(({ file }) => stated.some(({ name }) => name === file)).map(async (checksum) => ({ ...checksum, place: await locate(checksum.file) })))
  return { kind, path, machine, disks, disc, checksums: checked }
}

async function examineMember(disk: OvfDisk & OvfFile, place: Place, options: DetectOptions): Promise<ExaminedDisk> {
  if (place.window === null) {
    const examined = await examineDisk(place.path, options)
    demand(disk.size === null || disk.size === examined.fileBytes || examined.files.length > 1, () => damaged(`its disk "${disk.name}" has ${examined.fileBytes} bytes and should have ${disk.size}`))
    return examined
  }
  const { offset, size } = place.window
  demand(disk.size === null || disk.size === size, () => damaged(`its disk "${disk.name}" has ${size} bytes and should have ${disk.size}`))
  const facts = await withFile(place.path, async (source) => {
    const member = part(source, offset, size)
    return detectDisk(member, await readUpTo(member, 0, 4_096), options)
  })
  const alone = facts.backing === null && facts.dataFile === null && facts.extents.length === 0
  demand(alone, () => unsupported(`its disk "${disk.name}" consists of several files`, 'Unpack it (tar -xf FILE) and import the .ovf.'))
  return { facts, path: place.path, window: place.window, backing: null, dataPath: null, parts: [], fileBytes: size, files: [place.path], warnings: facts.warnings }
}

function manifestOf(description: string): string {
  return description.replace(/\.ovf$/i, '') + '.mf'
}

async function text(source: ByteSource, most: number): Promise<string> {
  demand(source.size <= most, () => damaged('its description is absurdly long'))
  return new TextDecoder().decode(await readExactly(source, 0, source.size, 'description'))
}
