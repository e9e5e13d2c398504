import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'
import type { DiskNode } from '../../image/block-graph.ts'
import { type ByteSource, readUpTo } from '../../image/byte-source.ts'
import { type DetectOptions, detectDisk } from '../../image/detect.ts'
import type { DiskFacts, Extent } from '../../image/disk-facts.ts'
import { damaged, demand, unsafe, unsupported } from '../../image/image-problem.ts'
import { relativeName } from '../../image/member-name.ts'
import { withFile } from './file-source.ts'

/** A disk image with every file it consists of found, judged and within its own folder. */
export interface ExaminedDisk extends DiskNode {
  readonly backing: ExaminedDisk | null
  /** The parts of a VMDK that is only a description. */
  readonly parts: readonly (Extent & { readonly path: string | null })[]
  readonly fileBytes: number
  /** Every file of it, its own first. */
  readonly files: readonly string[]
  readonly warnings: readonly string[]
}

const longestChain = 16

/** Reads headers only. Throws ImageProblem, or what the file system said. */
export async function examineDisk(path: string, options: DetectOptions, above: readonly string[] = []): Promise<ExaminedDisk> {
  const own = await realpath(path)
  demand(!above.includes(own), () => unsafe('it is its own backing file'))
  demand(above.length < longestChain, () => unsupported(`it has more than ${longestChain} backing files`, 'Make it whole where it was made: qemu-img convert -O qcow2 old new'))
  const { facts, size } = await withFile(own, async (source) => ({ facts: await detectDisk(source, await readUpTo(source, 0, 4_096), options), size: source.size }))
  const backing = await examineBacking(own, facts, options, above)
  const dataPath = facts.dataFile === null ? null : await beside(own, facts.dataFile, 'its data file')
  const dataBytes = dataPath === null ? 0 : await withFile(dataPath, async (source) => source.size)
  const parts = await examineParts(own, facts)
  const partFiles = [...new Set(parts.flatMap((each) => each.path ?? []))]
  const partBytes = await Promise.all(partFiles.map((file) => stat(file)))
  return {
    facts,
    path: own,
    window: null,
    backing,
    dataPath,
    parts,
    fileBytes: [size, dataBytes, backing?.fileBytes ?? 0, ...partBytes.map((each) => each.size)].reduce((sum, bytes) => sum + bytes, 0),
    files: [own, ...(dataPath === null ? [] : [dataPath]), ...partFiles, ...(backing?.files ?? [])],
    warnings: [...facts.warnings, ...(backing?.warnings ?? [])],
  }
}

async function examineBacking(own: string, facts: DiskFacts, options: DetectOptions, above: readonly string[]): Promise<ExaminedDisk | null> {
  if (facts.backing === null) return null
  const path = await beside(own, facts.backing.name, 'its backing file')
  // A header that says "raw" means raw, whatever a guest has written into its own first bytes.
  if (facts.backing.format === 'raw') return rawNode(path)
  return examineDisk(path, options, [...above, own])
}

async function rawNode(path: string): Promise<ExaminedDisk> {
  const size = await withFile(path, async (source) => source.size)
  const facts: DiskFacts = { format: 'raw', variant: 'as its overlay says', virtualBytes: size, backing: null, dataFile: null, extents: [], plainFrom: null, warnings: [], label: null, bootable: null }
  return { facts, path, window: null, backing: null, dataPath: null, parts: [], fileBytes: size, files: [path], warnings: [] }
}

async function examineParts(own: string, facts: DiskFacts): Promise<ExaminedDisk['parts']> {
  return Promise.all(
    facts.extents.map(async (extent) => {
      if (extent.file === null) return { ...extent, path: null }
      const path = await beside(own, extent.file, 'a part of it')
      const held = await withFile(path, (source) => (extent.type === 'FLAT' ? Promise.resolve(source.size - extent.offset * 512) : sparseBytes(source)))
      demand(held >= extent.sectors * 512, () => damaged(`its part "${extent.file}" is shorter than its description says: it is cut short`))
      return { ...extent, path }
    }),
  )
}

async function sparseBytes(source: ByteSource): Promise<number> {
  const facts = await detectDisk(source, await readUpTo(source, 0, 4_096), { raw: false })
  demand(facts.format === 'vmdk' && facts.extents.length === 0, () => damaged('a part of it is no part of a VMDK'))
  return facts.virtualBytes
}

/** The file that an image names, which must lie in the image's own folder, links followed. */
export async function beside(image: string, name: string, what: string): Promise<string> {
  const folder = dirname(image)
  const written = isAbsolute(name) && name.startsWith(folder + sep) ? relative(folder, name) : name
  const wanted = join(folder, relativeName(written, what))
  const found = await realpath(wanted).catch(() => null)
  demand(found !== null, () => damaged(`${what}, "${name}", is not there`, `Put it into ${folder}, beside ${basename(image)}.`))
  demand(found.startsWith(folder + sep), () => unsafe(`${what}, "${name}", is a link that leads out of its folder`))
  return found
}
