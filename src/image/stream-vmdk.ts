/**
 * The pieces of a streamOptimized VMDK (VMware, Virtual Disk Format 5.0, "Stream-Optimized Compressed Sparse Extents"):
 * written from its first byte to its last, with every table behind what it lists and a footer at the end, which is how
 * VMware, VirtualBox and 7-Zip expect it. Places and lengths are in sectors of 512 bytes.
 */
const sector = 512
const grainSectors = 128
export const entriesPerTable = 512
/** What one grain table covers. */
export const tableSectors = grainSectors * entriesPerTable
const descriptorAt = 1
const descriptorSectors = 20
const atEnd = 0xffff_ffff_ffff_ffffn

const markerType = { endOfStream: 0, grainTable: 1, grainDirectory: 2, footer: 3 } as const

/** All before the first grain: header, description (its file name is for show: the data is here), zeros up to the grain's place. */
export function streamStart(capacity: number): Uint8Array {
  const start = new Uint8Array(grainSectors * sector)
  start.set(header(capacity, atEnd))
  const cylinders = Math.min(16_383, Math.max(1, Math.floor(capacity / (16 * 63))))
  const lines = [
    '# Disk DescriptorFile',
    'version=1',
    'CID=fffffffe',
    'parentCID=ffffffff',
    'createType="streamOptimized"',
    '',
    '# Extent description',
    `RW ${capacity} SPARSE "disk.vmdk"`,
    '',
    '# The Disk Data Base',
    '#DDB',
    'ddb.virtualHWVersion = "10"',
    'ddb.adapterType = "ide"',
    `ddb.geometry.cylinders = "${cylinders}"`,
    'ddb.geometry.heads = "16"',
    'ddb.geometry.sectors = "63"',
    '',
  ]
  start.set(new TextEncoder().encode(lines.join('\n')).subarray(0, descriptorSectors * sector), descriptorAt * sector)
  return start
}

/** A grain as it stands in the file: where it belongs on the disk, its compressed bytes, and zeros up to a whole sector. */
export function grainOf(place: number, compressed: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((12 + compressed.length) / sector) * sector)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(place), true)
  view.setUint32(8, compressed.length, true)
  bytes.set(compressed, 12)
  return bytes
}

/** A grain table with its marker; the table itself is a sector behind the start of this. */
export function tableOf(places: readonly number[]): Uint8Array {
  return marked(places, markerType.grainTable)
}

/** All behind the last table: directory, footer and end-of-stream marker. `at` is where it begins. */
export function streamEnd(capacity: number, tables: readonly number[], at: number): Uint8Array {
  const directory = marked(tables, markerType.grainDirectory)
  const end = new Uint8Array(directory.length + 3 * sector)
  end.set(directory)
  end.set(marker(1, markerType.footer), directory.length)
  end.set(header(capacity, BigInt(at + 1)), directory.length + sector)
  end.set(marker(0, markerType.endOfStream), directory.length + 2 * sector)
  return end
}

function marked(entries: readonly number[], type: number): Uint8Array {
  const length = Math.ceil((entries.length * 4) / sector)
  const bytes = new Uint8Array((1 + length) * sector)
  bytes.set(marker(length, type))
  const view = new DataView(bytes.buffer, sector)
  for (const [index, entry] of entries.entries()) view.setUint32(index * 4, entry, true)
  return bytes
}

function marker(sectors: number, type: number): Uint8Array {
  const bytes = new Uint8Array(sector)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(sectors), true)
  view.setUint32(12, type, true)
  return bytes
}

/** Version 3, compressed, with markers; a grain directory at `directory`. */
function header(capacity: number, directory: bigint): Uint8Array {
  const bytes = new Uint8Array(sector)
  const view = new DataView(bytes.buffer)
  bytes.set(new TextEncoder().encode('KDMV'))
  view.setUint32(4, 3, true)
  view.setUint32(8, 0x3_0001, true)
  view.setBigUint64(12, BigInt(capacity), true)
  view.setBigUint64(20, BigInt(grainSectors), true)
  view.setBigUint64(28, BigInt(descriptorAt), true)
  view.setBigUint64(36, BigInt(descriptorSectors), true)
  view.setUint32(44, entriesPerTable, true)
  view.setBigUint64(56, directory, true)
  view.setBigUint64(64, BigInt(grainSectors), true)
  bytes.set([0x0a, 0x20, 0x0d, 0x0a], 73)
  view.setUint16(77, 1, true)
  return bytes
}
