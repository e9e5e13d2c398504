import { Bytes, type ByteSource, eachEntry, latin1, readExactly, readUpTo } from './byte-source.ts'
import { type DiskFacts, plainDisk } from './disk-facts.ts'
import { damaged, demand, unsupported } from './image-problem.ts'
import { checkEmbeddedDescriptor, descriptorStart, longestDescriptor, readDescriptor } from './vmdk-descriptor.ts'

export const vmdkMagic = 'KDMV'
const sector = 512
const atEnd = 0xffff_ffff_ffff_ffffn
const compressedFlag = 1 << 16

/** Whether a file that begins so is a VMDK's description, with its data in other files. */
export function isDescriptor(start: Uint8Array): boolean {
  return latin1(start.subarray(0, 512)).replace(/^\s+/, '').toLowerCase().startsWith(descriptorStart.toLowerCase())
}

/** Reads a description file; the files it names are `extents`. Throws ImageProblem. */
export async function readVmdkDescription(source: ByteSource): Promise<DiskFacts> {
  demand(source.size <= longestDescriptor, () => damaged('its description is longer than 1 MiB'))
  const { createType, extents } = readDescriptor(latin1(await readExactly(source, 0, source.size, 'description')))
  demand(!/device|raw/i.test(createType), () => unsupported(`it stands for a physical disk (${createType})`, 'Copy that disk into a file first.'))
  demand(extents.length > 0, () => damaged('it names no file that holds its data'))
  const sectors = extents.reduce((sum, extent) => sum + extent.sectors, 0)
  return plainDisk('vmdk', createType, sectors * sector, { extents })
}

/** Reads a sparse VMDK in one file: monolithicSparse, streamOptimized, or one part of a split disk. Throws ImageProblem. */
export async function readSparseVmdk(source: ByteSource): Promise<DiskFacts> {
  const first = new Bytes(await readExactly(source, 0, sector, 'header'), 'little')
  checkText(first)
  const streamed = first.big(56) === atEnd
  const header = streamed ? await readFooter(source) : first
  const version = header.u32(4)
  demand(version >= 1 && version <= 3, () => unsupported(`it is a VMDK of version ${version}`, 'Export the machine as OVF in VMware, then import that.'))
  const capacity = header.u64(12, 'disk size')
  const grain = header.u64(20, 'grain size')
  const entriesPerTable = header.u32(44)
  // QEMU takes a first header without a size for a description of other files, whatever the footer says.
  demand(capacity > 0 && first.big(12) > 0n, () => damaged('it says that its disk has no size'))
  demand(grain >= 1 && grain <= 1 << 16 && (grain & (grain - 1)) === 0 && entriesPerTable >= 1 && entriesPerTable <= 512, () => damaged('its grain size is absurd'))
  await checkEmbedded(source, first)
  await checkGrains(source, { capacity, grain, entriesPerTable, directory: header.u64(56, 'place of the grain directory') * sector })
  const compressed = (header.u32(8) & compressedFlag) !== 0
  return plainDisk('vmdk', compressed ? 'streamOptimized' : 'monolithicSparse', capacity * sector)
}

/** Line ends and a high bit that do not survive a transfer as text; the format has them to notice one. */
function checkText(header: Bytes): void {
  demand(header.u8(73) === 0x0a && header.u8(74) === 0x20 && header.u8(75) === 0x0d && header.u8(76) === 0x0a, () => damaged('it was changed on its way, probably transferred as text'))
}

/** A streamed VMDK ends with a footer marker, the final header, and an end-of-stream marker, a sector each. */
async function readFooter(source: ByteSource): Promise<Bytes> {
  const bytes = await readUpTo(source, Math.max(0, source.size - 3 * sector), 3 * sector)
  const whole = bytes.length === 3 * sector && new Bytes(bytes, 'little').u32(12) === 3 && latin1(bytes.subarray(sector, sector + 4)) === vmdkMagic && new Bytes(bytes, 'little').isZero(2 * sector, 16)
  demand(whole, () => damaged('its closing footer is missing: it is cut short'))
  return new Bytes(bytes.subarray(sector, 2 * sector), 'little')
}

/** The description within the file says whether there is a parent. */
async function checkEmbedded(source: ByteSource, header: Bytes): Promise<void> {
  const offset = header.u64(28, 'place of its description') * sector
  const length = header.u64(36, 'length of its description') * sector
  if (offset === 0) return
  demand(length > 0 && length <= longestDescriptor, () => damaged('its description is absurdly long'))
  const text = latin1(await readExactly(source, offset, length, 'description'))
  checkEmbeddedDescriptor(text.split('\0')[0] ?? '')
}

/** Every grain must begin within the file: QEMU would read zeros for what is cut off. */
async function checkGrains(source: ByteSource, disk: { capacity: number; grain: number; entriesPerTable: number; directory: number }): Promise<void> {
  const tables = Math.ceil(disk.capacity / (disk.grain * disk.entriesPerTable))
  demand(tables <= 8 << 20, () => damaged('its grain directory is absurdly large'))
  const offsets: number[] = []
  await eachEntry(source, { offset: disk.directory, count: tables, order: 'little', what: 'grain directory' }, (place) => {
    if (place > 1) offsets.push(place * sector)
  })
  const seen = new Set<number>()
  for (const offset of offsets) {
    demand(!seen.has(offset), () => damaged('two of its grain tables are one'))
    seen.add(offset)
    await eachEntry(source, { offset, count: disk.entriesPerTable, order: 'little', what: 'grain table' }, (place) => {
      if (place > 1 && place * sector >= source.size) throw damaged('its last grains lie beyond its end: it is cut short')
    })
  }
}
