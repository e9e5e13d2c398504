import type { ByteSource } from '../../src/image/byte-source.ts'
import { crc32c } from '../../src/image/crc32c.ts'

/** Images made by hand, small and valid, for tests to break. */

export function sourceOf(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)) }
}

/** An all-zero qcow2 of 64 KiB clusters: header, refcount table, refcount block, L1 table. */
export function qcow2(change: { backing?: string; backingFormat?: string; dataFile?: string; edit?: (header: Buffer) => void } = {}): Buffer {
  const image = Buffer.alloc(4 << 16)
  image.write('QFI\xfb', 'latin1')
  image.writeUInt32BE(3, 4)
  image.writeUInt32BE(16, 20)
  image.writeBigUInt64BE(1n << 30n, 24)
  image.writeUInt32BE(2, 36) // L1 entries, 512 MiB each
  image.writeBigUInt64BE(3n << 16n, 40)
  image.writeBigUInt64BE(1n << 16n, 48)
  image.writeUInt32BE(1, 56)
  image.writeUInt32BE(4, 96)
  image.writeUInt32BE(104, 100)
  let at = 104
  const extension = (type: number, text: string) => {
    image.writeUInt32BE(type, at)
    image.writeUInt32BE(text.length, at + 4)
    image.write(text, at + 8)
    at += 8 + Math.ceil(text.length / 8) * 8
  }
  if (change.backingFormat !== undefined) extension(0xe2792aca, change.backingFormat)
  if (change.dataFile !== undefined) {
    extension(0x44415441, change.dataFile)
    image.writeBigUInt64BE(4n, 72)
  }
  if (change.backing !== undefined) {
    image.writeBigUInt64BE(BigInt(at + 8), 8)
    image.writeUInt32BE(Buffer.byteLength(change.backing), 16)
    image.write(change.backing, at + 8)
  }
  change.edit?.(image)
  return image
}

function vhdChecksum(bytes: Buffer, at: number): void {
  bytes.writeUInt32BE(0, at)
  bytes.writeUInt32BE(~bytes.reduce((sum, byte) => sum + byte, 0) >>> 0, at)
}

/** A dynamic VHD of 8 MiB with one block of 2 MiB. */
export function vhd(edit: (parts: { footer: Buffer; header: Buffer; table: Buffer }) => void = () => undefined): Buffer {
  const footer = Buffer.alloc(512)
  footer.write('conectix')
  footer.writeUInt32BE(0x0001_0000, 12)
  footer.writeBigUInt64BE(512n, 16)
  footer.writeBigUInt64BE(8n << 20n, 40)
  footer.writeBigUInt64BE(8n << 20n, 48)
  footer.writeUInt32BE(3, 60)
  const header = Buffer.alloc(1024)
  header.write('cxsparse')
  header.writeBigUInt64BE(1536n, 16)
  header.writeUInt32BE(4, 28)
  header.writeUInt32BE(2 << 20, 32)
  const table = Buffer.alloc(512, 0xff)
  table.writeUInt32BE(4, 0) // the first block begins at sector 4
  edit({ footer, header, table })
  vhdChecksum(footer, 64)
  vhdChecksum(header, 36)
  return Buffer.concat([footer, header, table, Buffer.alloc(512 + (2 << 20)), footer])
}

/** A dynamic VDI of 4 MiB with one block. */
export function vdi(edit: (header: Buffer) => void = () => undefined): Buffer {
  const image = Buffer.alloc(1024 + (1 << 20))
  image.write('<<< Oracle VM VirtualBox Disk Image >>>\n')
  image.writeUInt32LE(0xbeda107f, 64)
  image.writeUInt32LE(0x0001_0001, 68)
  image.writeUInt32LE(400, 72)
  image.writeUInt32LE(1, 76)
  image.writeUInt32LE(512, 340)
  image.writeUInt32LE(1024, 344)
  image.writeUInt32LE(512, 360)
  image.writeBigUInt64LE(4n << 20n, 368)
  image.writeUInt32LE(1 << 20, 376)
  image.writeUInt32LE(4, 384)
  image.writeUInt32LE(1, 388)
  for (const [index, place] of [0xffffffff, 0, 0xffffffff, 0xfffffffe].entries()) image.writeUInt32LE(place, 512 + index * 4)
  edit(image)
  return image
}

const descriptor = '# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType="monolithicSparse"\nRW 2048 SPARSE "disk.vmdk"\nddb.adapterType = "ide"\n'

/** A sparse VMDK of 1 MiB with one grain of 64 KiB. */
export function vmdk(edit: (image: Buffer) => void = () => undefined, text = descriptor): Buffer {
  const image = Buffer.alloc(128 * 512 + 65_536)
  image.write('KDMV')
  image.writeUInt32LE(1, 4)
  image.writeUInt32LE(3, 8)
  image.writeBigUInt64LE(2048n, 12)
  image.writeBigUInt64LE(128n, 20)
  image.writeBigUInt64LE(1n, 28)
  image.writeBigUInt64LE(20n, 36)
  image.writeUInt32LE(512, 44)
  image.writeBigUInt64LE(30n, 56) // grain directory
  image.writeBigUInt64LE(128n, 64)
  image.write('\n \r\n', 73)
  image.write(text, 512)
  image.writeUInt32LE(32, 30 * 512) // one grain table
  image.writeUInt32LE(128, 32 * 512) // its first grain
  edit(image)
  return image
}

const guids = {
  blockTable: '6677c22d23f600429d64115e9bfd4a08',
  metadata: '06a27c8b90479a4bb8fe575f050f886e',
  fileParameters: '3767a1ca36fa434db3b633f0aa44e76b',
  diskSize: '2442a52f1bcd7648b2115dbed83bf4b8',
  logicalSector: '1dbf41816fa90947ba47f233a8faab5f',
}

/** A dynamic VHDX of 64 MiB without a block. `edit` comes before the checksums are written. */
export function vhdx(edit: (image: Buffer) => void = () => undefined): Buffer {
  const MiB = 1 << 20
  const image = Buffer.alloc(4 * MiB)
  image.write('vhdxfile')
  for (const [index, at] of [1 << 16, 2 << 16].entries()) {
    image.write('head', at)
    image.writeBigUInt64LE(BigInt(index + 1), at + 8)
    image.writeUInt16LE(1, at + 66)
  }
  const regions = 3 << 16
  image.write('regi', regions)
  image.writeUInt32LE(2, regions + 8)
  for (const [index, [guid, offset]] of ([[guids.blockTable, 2 * MiB], [guids.metadata, 3 * MiB]] as const).entries()) {
    const at = regions + 16 + index * 32
    image.write(guid, at, 'hex')
    image.writeBigUInt64LE(BigInt(offset), at + 16)
    image.writeUInt32LE(MiB, at + 24)
    image.writeUInt32LE(1, at + 28)
  }
  const table = 3 * MiB
  image.write('metadata', table)
  image.writeUInt16LE(3, table + 10)
  for (const [index, guid] of [guids.fileParameters, guids.diskSize, guids.logicalSector].entries()) {
    image.write(guid, table + 32 + index * 32, 'hex')
    image.writeUInt32LE((1 << 16) + index * 8, table + 32 + index * 32 + 16)
  }
  const items = table + (1 << 16)
  image.writeUInt32LE(16 * MiB, items)
  image.writeBigUInt64LE(64n * BigInt(MiB), items + 8)
  image.writeUInt32LE(512, items + 16)
  edit(image)
  for (const [at, length] of [[1 << 16, 4096], [2 << 16, 4096], [regions, 1 << 16]] as const) image.writeUInt32LE(crc32c(image.subarray(at, at + length), 4), at + 4)
  return image
}

/** A disc of ISO 9660 with a label; `boot`: with an El Torito entry; `udf`: with UDF's recognition sequence too. */
export function iso(options: { boot?: boolean; udf?: boolean; label?: string; sectors?: number } = {}): Buffer {
  const image = Buffer.alloc(40 * 2048)
  const at = (sector: number) => sector * 2048
  image[at(16)] = 1
  image.write('CD001', at(16) + 1)
  image.write((options.label ?? 'UBUNTU 24.04').padEnd(32), at(16) + 40)
  image.writeUInt32LE(options.sectors ?? 40, at(16) + 80)
  image.writeUInt16LE(2048, at(16) + 128)
  let next = 17
  if (options.boot === true) {
    image.write('CD001', at(next) + 1)
    image.write('EL TORITO SPECIFICATION', at(next) + 7)
    image.writeUInt32LE(30, at(next) + 71)
    image[at(30)] = 1
    image[at(30) + 32] = 0x88
    next += 1
  }
  image[at(next)] = 255
  image.write('CD001', at(next) + 1)
  if (options.udf === true) for (const [index, id] of ['BEA01', 'NSR02', 'TEA01'].entries()) image.write(id, at(next + 1 + index) + 1)
  return image
}

/** One tar member; `type` and other fields as given, the checksum right. */
export function tarMember(name: string, content: Buffer | string, change: { type?: string; prefix?: string; size?: string; link?: string } = {}): Buffer {
  const bytes = Buffer.from(content)
  const header = Buffer.alloc(512)
  header.write(name)
  header.write('0000644\0', 100)
  header.write(change.size ?? `${bytes.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  header.write('        ', 148)
  header.write(change.type ?? '0', 156)
  header.write(change.link ?? '', 157)
  header.write('ustar\x0000', 257)
  header.write(change.prefix ?? '', 345)
  header.write(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])
}

export function tar(...members: Buffer[]): Buffer {
  return Buffer.concat([...members, Buffer.alloc(1024)])
}
