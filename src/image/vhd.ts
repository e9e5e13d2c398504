import { Bytes, type ByteSource, eachEntry, readExactly, readUpTo } from './byte-source.ts'
import { type DiskFacts, plainDisk } from './disk-facts.ts'
import { damaged, demand, unsupported } from './image-problem.ts'

const footerBytes = 512
const unallocated = 0xffffffff

/** Whether bytes are a VHD footer (Virtual Hard Disk Image Format Specification 1.0, "Hard Disk Footer Format"). */
export function isVhdFooter(bytes: Uint8Array): boolean {
  return bytes.length >= footerBytes && new Bytes(bytes, 'big').text(0, 8) === 'conectix'
}

/** Reads a VHD (Virtual PC, Hyper-V, Azure): fixed or dynamic. Throws ImageProblem. */
export async function readVhd(source: ByteSource): Promise<DiskFacts> {
  const footer = await readFooter(source)
  const virtualBytes = footer.u64(48, 'disk size')
  const type = footer.u32(60)
  demand(type === 2 || type === 3, () =>
    type === 4
      ? unsupported('it holds only the differences to another disk', 'Merge it into its parent first (Hyper-V: Edit Disk, Merge), then import the result.')
      : unsupported(`it is a VHD of type ${type}`, 'Convert it to a dynamic or fixed VHD where it was made.'),
  )
  if (type === 2) {
    demand(virtualBytes + footerBytes <= source.size, () => damaged(`its disk has ${virtualBytes} bytes, but the file only ${source.size}: it is cut short`))
    return plainDisk('vhd', 'fixed', virtualBytes)
  }
  await checkBlocks(source, footer.u64(16, 'place of its header'), virtualBytes)
  return plainDisk('vhd', 'dynamic', virtualBytes)
}

async function readFooter(source: ByteSource): Promise<Bytes> {
  const last = await readUpTo(source, Math.max(0, source.size - footerBytes), footerBytes)
  demand(isVhdFooter(last), () => damaged('its closing footer is missing: it is cut short'))
  const footer = new Bytes(last, 'big')
  demand(footer.u32(64) === checksum(last, 64), () => damaged('the checksum of its footer is wrong'))
  demand(footer.u32(12) >>> 16 === 1, () => unsupported(`it is a VHD of version ${footer.u32(12) >>> 16}`, 'Convert it to VHDX or a current VHD where it was made.'))
  return footer
}

/** Every allocated block must lie in the file: QEMU would read zeros for what is cut off. */
async function checkBlocks(source: ByteSource, headerOffset: number, virtualBytes: number): Promise<void> {
  const raw = await readExactly(source, headerOffset, 1024, 'dynamic header')
  const header = new Bytes(raw, 'big')
  demand(header.text(0, 8) === 'cxsparse', () => damaged('its dynamic header is missing'))
  demand(header.u32(36) === checksum(raw, 36), () => damaged('the checksum of its dynamic header is wrong'))
  const count = header.u32(28)
  const blockBytes = header.u32(32)
  demand(blockBytes >= 4096 && blockBytes <= 256 << 20 && (blockBytes & (blockBytes - 1)) === 0, () => damaged(`its block size is ${blockBytes} bytes`))
  demand(count <= 16 << 20 && count * blockBytes >= virtualBytes, () => damaged(`its table has ${count} blocks, which does not fit its disk of ${virtualBytes} bytes`))
  const bitmapBytes = Math.ceil(blockBytes / 512 / 8 / 512) * 512
  const table = { offset: header.u64(16, 'place of its block table'), count, order: 'big', what: 'block table' } as const
  await eachEntry(source, table, (sector, index) => {
    if (sector !== unallocated && sector * 512 + bitmapBytes + blockBytes > source.size) throw damaged(`its block ${index} lies beyond its end: it is cut short`)
  })
}

/** One's complement of the sum of all bytes but the checksum's own four. */
function checksum(bytes: Uint8Array, at: number): number {
  const sum = bytes.reduce((total, byte, index) => (index >= at && index < at + 4 ? total : total + byte), 0)
  return ~sum >>> 0
}
