import { Bytes, type ByteSource, readExactly } from './byte-source.ts'
import { crc32c } from './crc32c.ts'
import { type DiskFacts, plainDisk } from './disk-facts.ts'
import { damaged, demand, unsupported } from './image-problem.ts'

const KiB = 1024
const MiB = 1024 * 1024

/** GUIDs as they stand in the file (MS-VHDX 2.2.3.2 and 2.6.2), mixed-endian. */
const guid = {
  blockTable: '6677c22d23f600429d64115e9bfd4a08',
  metadata: '06a27c8b90479a4bb8fe575f050f886e',
  fileParameters: '3767a1ca36fa434db3b633f0aa44e76b',
  diskSize: '2442a52f1bcd7648b2115dbed83bf4b8',
  logicalSector: '1dbf41816fa90947ba47f233a8faab5f',
}

/** Reads a VHDX, fixed or dynamic. Throws ImageProblem. */
export async function readVhdx(source: ByteSource): Promise<DiskFacts> {
  await checkHeader(source)
  const regions = await readRegions(source)
  const items = await readMetadata(source, regions.metadata)
  const parameters = items.fileParameters
  const blockBytes = parameters.u32(0)
  demand((parameters.u32(4) & 2) === 0, () => unsupported('it holds only the differences to another disk', 'Merge it into its parent first (Hyper-V: Edit Disk, Merge), then import the result.'))
  demand(blockBytes >= MiB && blockBytes <= 256 * MiB && (blockBytes & (blockBytes - 1)) === 0, () => damaged(`its block size is ${blockBytes} bytes`))
  const sectorBytes = items.logicalSector.u32(0)
  demand(sectorBytes === 512, () => unsupported(`its disk has sectors of ${sectorBytes} bytes`, 'Convert it to 512-byte sectors where it was made (Hyper-V: Set-VHD -PhysicalSectorSizeBytes does not do it; a new disk and a copy do).'))
  const virtualBytes = items.diskSize.u64(0, 'disk size')
  const disk = plainDisk('vhdx', (parameters.u32(4) & 1) === 1 ? 'fixed' : 'dynamic', virtualBytes)
  await checkBlocks(source, regions.blockTable, virtualBytes, blockBytes)
  return disk
}

/** Of two headers the sound one with the higher number holds (MS-VHDX 2.2.2). */
async function checkHeader(source: ByteSource): Promise<void> {
  const sound: Bytes[] = []
  for (const offset of [64 * KiB, 128 * KiB]) {
    const raw = await readExactly(source, offset, 4 * KiB, 'header')
    const header = new Bytes(raw, 'little')
    if (header.text(0, 4) === 'head' && header.u32(4) === crc32c(raw, 4)) sound.push(header)
  }
  const current = sound.sort((left, right) => (left.big(8) < right.big(8) ? 1 : -1))[0]
  demand(current !== undefined, () => damaged('both of its headers are broken'))
  demand(current.u16(66) === 1, () => unsupported(`it is a VHDX of version ${current.u16(66)}`, 'Convert it to a current VHDX where it was made.'))
  demand(current.isZero(48, 16), () => damaged('it was not closed properly: what was written last is in its log only', 'Mount and dismount it once where it was made; or repair a copy of it: qemu-img check -r all COPY'))
}

interface Region {
  readonly offset: number
  readonly length: number
}

async function readRegions(source: ByteSource): Promise<{ blockTable: Region; metadata: Region }> {
  const raw = await readExactly(source, 192 * KiB, 64 * KiB, 'region table')
  const table = new Bytes(raw, 'little')
  const count = table.u32(8)
  demand(table.text(0, 4) === 'regi' && table.u32(4) === crc32c(raw, 4) && count <= 2_047, () => damaged('its region table is broken'))
  const found = new Map<string, Region>()
  for (let at = 16; at < 16 + count * 32; at += 32) {
    const id = hex(raw.subarray(at, at + 16))
    const region = { offset: table.u64(at + 16, 'place of a region'), length: table.u32(at + 24) }
    demand(region.offset >= MiB && region.offset % MiB === 0 && region.offset + region.length <= source.size, () => damaged('a region lies beyond its end: it is cut short'))
    demand(!found.has(id), () => damaged('it has two regions of one kind'))
    const known = id === guid.blockTable || id === guid.metadata
    demand(known || (table.u32(at + 28) & 1) === 0, () => unsupported('it uses a feature that is not known here', 'Convert it to a plain VHDX where it was made.'))
    found.set(id, region)
  }
  const blockTable = found.get(guid.blockTable)
  const metadata = found.get(guid.metadata)
  demand(blockTable !== undefined && metadata !== undefined, () => damaged('its region table is incomplete'))
  return { blockTable, metadata }
}

type Items = Readonly<Record<'fileParameters' | 'diskSize' | 'logicalSector', Bytes>>

async function readMetadata(source: ByteSource, region: Region): Promise<Items> {
  const raw = await readExactly(source, region.offset, 64 * KiB, 'metadata')
  const table = new Bytes(raw, 'little')
  const count = table.u16(10)
  demand(table.text(0, 8) === 'metadata' && count <= 2_047, () => damaged('its metadata is broken'))
  const find = async (id: string): Promise<Bytes> => {
    for (let at = 32; at < 32 + count * 32; at += 32) {
      if (hex(raw.subarray(at, at + 16)) !== id) continue
      const offset = table.u32(at + 16)
      demand(offset >= 64 * KiB && offset + 8 <= region.length, () => damaged('its metadata lies outside of its place'))
      return new Bytes(await readExactly(source, region.offset + offset, 8, 'metadata'), 'little')
    }
    throw damaged('its metadata is incomplete')
  }
  return { fileParameters: await find(guid.fileParameters), diskSize: await find(guid.diskSize), logicalSector: await find(guid.logicalSector) }
}

/** Every block that is there in full (state 6) or in part (7) must lie in the file. */
async function checkBlocks(source: ByteSource, table: Region, virtualBytes: number, blockBytes: number): Promise<void> {
  const blocks = Math.ceil(virtualBytes / blockBytes)
  const ratio = (2 ** 23 * 512) / blockBytes // after so many blocks stands a sector bitmap's entry
  const entries = blocks + Math.floor((blocks - 1) / ratio)
  demand(entries * 8 <= table.length, () => damaged('its block table is too short for its disk'))
  const atOnce = 32_768
  for (let first = 0; first < entries; first += atOnce) {
    const count = Math.min(atOnce, entries - first)
    const bytes = new Bytes(await readExactly(source, table.offset + first * 8, count * 8, 'block table'), 'little')
    for (let index = 0; index < count; index += 1) {
      const entry = bytes.big(index * 8)
      const isBitmap = (first + index + 1) % (ratio + 1) === 0
      if (isBitmap || (entry & 7n) < 6n) continue
      if ((entry >> 20n) * BigInt(MiB) + BigInt(blockBytes) > BigInt(source.size)) throw damaged(`its block ${first + index} lies beyond its end: it is cut short`)
    }
  }
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
