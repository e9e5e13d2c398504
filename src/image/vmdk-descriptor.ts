import type { Extent } from './disk-facts.ts'
import { damaged, demand, unsafe, unsupported } from './image-problem.ts'
import { plainName } from './member-name.ts'

/** The text part of a VMDK (VMware, Virtual Disk Format 5.0, "The Descriptor"). */
export interface VmdkDescriptor {
  readonly createType: string
  readonly extents: readonly Extent[]
}

export const descriptorStart = '# Disk DescriptorFile'
export const longestDescriptor = 1 << 20
const mostExtents = 4_096

const extentLine = /^(RW|RDONLY|NOACCESS) (\d{1,15}) ([A-Z]+)(?: "([^"]{1,255})"(?: (\d{1,15}))?)?$/
const settingLine = /^([A-Za-z0-9_.]+)\s*=\s*(?:"([^"]*)"|([^"\s]*))$/

/**
 * Reads a descriptor by a strict grammar: a line that is neither comment, setting nor extent is refused, so that no other
 * reader can see an extent where this one saw none. Throws ImageProblem.
 */
export function readDescriptor(text: string): VmdkDescriptor {
  const settings = new Map<string, string>()
  const extents: Extent[] = []
  for (const line of text.replace(/[\0\s]+$/, '').split(/\r?\n/)) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const extent = extentLine.exec(line.trimEnd())
    const setting = settingLine.exec(line.trim())
    if (extent !== null) extents.push(extentOf(extent))
    else if (setting !== null) settings.set((setting[1] ?? '').toLowerCase(), setting[2] ?? setting[3] ?? '')
    else throw damaged(`its description has a line that means nothing: ${JSON.stringify(line.slice(0, 80))}`)
    demand(extents.length <= mostExtents, () => damaged(`it names more than ${mostExtents} files`))
  }
  refuseDelta(settings)
  return { createType: settings.get('createtype') ?? 'unknown', extents }
}

/** Of the description within a sparse VMDK only the settings count: its data is in the file itself. Throws for a snapshot. */
export function checkEmbeddedDescriptor(text: string): void {
  const settings = text.split(/\r?\n/).flatMap((line) => {
    const match = settingLine.exec(line.trim())
    return match === null ? [] : [[(match[1] ?? '').toLowerCase(), match[2] ?? match[3] ?? ''] as const]
  })
  refuseDelta(new Map(settings))
}

function refuseDelta(settings: ReadonlyMap<string, string>): void {
  const isDelta = settings.has('parentfilenamehint') || !['ffffffff', undefined].includes(settings.get('parentcid')?.toLowerCase())
  demand(!isDelta, () => unsupported('it holds only the differences to another disk (a snapshot)', 'Delete the snapshots in VMware, or clone the machine in full, then import that; exporting it as OVF does the same.'))
}

const kinds: Readonly<Record<string, Extent['type']>> = { FLAT: 'FLAT', VMFS: 'FLAT', SPARSE: 'SPARSE', ZERO: 'ZERO' }

function extentOf([, access, sectors, word = '', file, offset]: RegExpExecArray): Extent {
  const type = kinds[word]
  demand(access === 'RW' || access === 'RDONLY', () => unsupported('a part of it may not be read (NOACCESS)', 'Write a whole disk where it was made.'))
  demand(type !== undefined, () =>
    /RDM|DEVICE/.test(word)
      ? unsafe(`it stands for a physical disk (${word})`, 'Copy that disk into a file first.')
      : unsupported(`it has a part of kind ${word}`, 'Export the machine as OVF in VMware, then import that.'),
  )
  demand((type === 'ZERO') === (file === undefined), () => damaged('a line of its description names no file, or one too many'))
  return { access, sectors: Number(sectors), type, file: file === undefined ? null : plainName(file, 'a part of it'), offset: Number(offset ?? 0) }
}

/** A descriptor that names these files by their whole paths, and nothing else: what QEMU is given instead of a stranger's. */
export function writeDescriptor(extents: readonly (Extent & { readonly path: string | null })[]): string {
  const lines = extents.map(({ sectors, type, path, offset }) => `RW ${sectors} ${type}${path === null ? '' : ` "${path}"`}${type === 'FLAT' ? ` ${offset}` : ''}`)
  return [descriptorStart, 'version=1', 'CID=fffffffe', 'parentCID=ffffffff', 'createType="twoGbMaxExtentFlat"', ...lines, 'ddb.adapterType = "ide"', ''].join('\n')
}
