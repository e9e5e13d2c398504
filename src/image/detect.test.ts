import { describe, expect, it } from 'vitest'
import { iso, qcow2, sourceOf, tar, tarMember, vdi, vhd, vhdx, vmdk } from '../../test/fake/images.ts'
import { detect } from './detect.ts'
import type { DiskFacts } from './disk-facts.ts'

const facts = async (bytes: Buffer, raw = false): Promise<DiskFacts> => {
  const content = await detect(sourceOf(bytes), { raw })
  if (content.kind !== 'disk') throw new Error(`it is an ${content.kind}`)
  return content.facts
}
const refused = (bytes: Buffer) => expect(facts(bytes)).rejects

describe('what a file is', () => {
  it.each([
    ['qcow2', qcow2(), { format: 'qcow2', variant: 'version 3', virtualBytes: 2 ** 30 }],
    ['VHD', vhd(), { format: 'vhd', variant: 'dynamic', virtualBytes: 8 << 20 }],
    ['VHDX', vhdx(), { format: 'vhdx', variant: 'dynamic', virtualBytes: 64 << 20 }],
    ['VDI', vdi(), { format: 'vdi', variant: 'dynamic', virtualBytes: 4 << 20 }],
    ['VMDK', vmdk(), { format: 'vmdk', variant: 'monolithicSparse', virtualBytes: 1 << 20 }],
    ['a disc', iso(), { format: 'iso', variant: 'ISO 9660', label: 'UBUNTU 24.04', bootable: false }],
    ['a disc that boots, with UDF', iso({ boot: true, udf: true }), { format: 'iso', variant: 'ISO 9660 and UDF', bootable: true }],
  ])('%s is told by its content', async (_, bytes, expected) => {
    expect(await facts(bytes)).toMatchObject(expected)
  })

  it('a raw disk is one that shows a sign of it', async () => {
    const disk = Buffer.alloc(1 << 20)
    await refused(disk).toThrow('nothing in it is recognised')
    expect(await facts(disk, true)).toMatchObject({ format: 'raw', virtualBytes: 1 << 20 })
    disk.writeUInt16LE(0xaa55, 510)
    expect(await facts(disk)).toMatchObject({ format: 'raw', variant: 'an MBR or boot sector' })
    disk.write('EFI PART', 512)
    expect(await facts(disk)).toMatchObject({ variant: 'GPT partitions' })
    const odd = await facts(disk.subarray(0, 1_000_001))
    expect([odd.virtualBytes, odd.warnings.length]).toEqual([1_000_448, 1])
  })

  it('a disc that also has a boot sector, as live systems do, is a disc', async () => {
    const disc = iso({ boot: true })
    disc.writeUInt16LE(0xaa55, 510)
    expect((await facts(disc)).format).toBe('iso')
  })

  it('archives and descriptions are machines', async () => {
    expect((await detect(sourceOf(tar(tarMember('a.ovf', '<x/>'))), { raw: false })).kind).toBe('ova')
    expect((await detect(sourceOf(Buffer.from('\ufeff<?xml version="1.0"?>\n<Envelope/>')), { raw: false })).kind).toBe('ovf')
  })

  it.each([
    ['gzip', '\x1f\x8b\x08', 'gunzip'],
    ['xz', '\xfd7zXZ\0', 'xz --decompress'],
    ['zstd', '\x28\xb5\x2f\xfd', 'zstd'],
    ['zip', 'PK\x03\x04', 'unzip'],
    ['a Windows program', 'MZ\x90', 'disk or disc'],
    ['an old qcow', 'QFI\xfb\0\0\0\x01', 'qemu-img convert'],
  ])('%s is named, with the way out', async (_, magic, remedy) => {
    const bytes = Buffer.alloc(4096)
    bytes.write(magic, 'latin1')
    await expect(facts(bytes)).rejects.toMatchObject({ kind: 'unsupported', remedy: expect.stringContaining(remedy) as string })
  })

  it('an empty file is nothing', async () => {
    await refused(Buffer.alloc(0)).toThrow('it is empty')
  })
})

describe('what a header may not say', () => {
  const edit32 = (at: number, value: number) => qcow2({ edit: (header) => void header.writeUInt32BE(value, at) })
  const edit64 = (at: number, value: bigint) => qcow2({ edit: (header) => void header.writeBigUInt64BE(value, at) })

  it.each([
    ['a cluster of 2^60 bytes', edit32(20, 60), 'cluster size'],
    ['a cluster of 1 byte', edit32(20, 0), 'cluster size'],
    ['a size past all numbers', edit64(24, 2n ** 63n), 'absurd'],
    ['a size of 100 TiB', edit64(24, 100n << 40n), 'too short for its disk'],
    ['no size', edit64(24, 0n), 'no size'],
    ['encryption', edit32(32, 2), 'encrypted'],
    ['a first table beyond the end', edit64(40, 1n << 40n), 'cut short'],
    ['a first table of 4 GiB', edit32(36, 0xffffffff), 'absurdly large'],
    ['a wrapped table place', edit64(40, 2n ** 64n - 8n), 'absurd'],
    ['reference counts beyond the end', edit64(48, 1n << 40n), 'cut short'],
    ['70,000 snapshots', edit32(60, 70_000), 'snapshots'],
    ['features from the future', edit64(72, 1n << 40n), 'not known here'],
    ['the mark of corruption', edit64(72, 2n), 'corrupt'],
    ['a header of 4 GiB', edit32(100, 0xfffffff8), 'header'],
    ['a backing name elsewhere', qcow2({ edit: (header) => (header.writeBigUInt64BE(1n << 50n, 8), header.writeUInt32BE(8, 16)) }), 'backing file'],
    ['a data file without a name', edit64(72, 4n), 'does not say in which'],
    ['an extension longer than the file', edit32(108, 0x7fffffff), 'longer than the header'],
  ])('qcow2: %s', async (_, bytes, words) => {
    if (_.startsWith('an extension')) bytes.writeUInt32BE(1, 104)
    await refused(bytes).toThrow(words)
  })

  it.each([
    ['cut short', vhd().subarray(0, 1 << 20), 'closing footer is missing'],
    ['a wrong checksum', Buffer.concat([vhd().subarray(0, -40), Buffer.alloc(40, 1)]), 'checksum'],
    ['differences only', vhd(({ footer }) => void footer.writeUInt32BE(4, 60)), 'differences'],
    ['a block beyond the end', vhd(({ table }) => void table.writeUInt32BE(0x7fffffff, 4)), 'cut short'],
    ['too few blocks', vhd(({ header }) => void header.writeUInt32BE(1, 28)), 'does not fit'],
    ['four milliard blocks', vhd(({ header }) => void header.writeUInt32BE(0xfffffffe, 28)), 'does not fit'],
    ['a block of 0 bytes', vhd(({ header }) => void header.writeUInt32BE(0, 32)), 'block size'],
    ['a header elsewhere', vhd(({ footer }) => void footer.writeBigUInt64BE(2n ** 60n, 16)), 'absurd'],
  ])('VHD: %s', async (_, bytes, words) => {
    await refused(bytes).toThrow(words)
  })

  it.each([
    ['differences only', vdi((header) => void header.writeUInt32LE(4, 76)), 'differences'],
    ['a parent', vdi((header) => void header.writeUInt32LE(7, 440)), 'differences'],
    ['cut short', vdi().subarray(0, 4096), 'cut short'],
    ['a block beyond the end', vdi((header) => void header.writeUInt32LE(9, 512)), 'beyond its end'],
    ['odd sectors', vdi((header) => void header.writeUInt32LE(4096, 360)), 'unusual'],
    ['more blocks than fit a number', vdi((header) => void header.writeUInt32LE(0xffffffff, 384)), 'does not fit'],
  ])('VDI: %s', async (_, bytes, words) => {
    await refused(bytes).toThrow(words)
  })

  it.each([
    ['both headers broken', vhdx((image) => (image.write('x', 1 << 16), void image.write('x', 2 << 16))), 'headers are broken'],
    ['a log to be replayed', vhdx((image) => void image.writeUInt32LE(1, (2 << 16) + 48)), 'not closed properly'],
    ['a parent', vhdx((image) => void image.writeUInt32LE(2, (3 << 20) + (1 << 16) + 4)), 'differences'],
    ['sectors of 4 KiB', vhdx((image) => void image.writeUInt32LE(4096, (3 << 20) + (1 << 16) + 16)), 'sectors of 4096'],
    ['a block beyond the end', vhdx((image) => void image.writeBigUInt64LE((99n << 20n) | 6n, 2 << 20)), 'cut short'],
    ['a region beyond the end', vhdx((image) => void image.writeBigUInt64LE(64n << 20n, (3 << 16) + 32)), 'cut short'],
    ['a feature from the future', vhdx((image) => void image.writeUInt32LE(7, (3 << 16) + 16)), 'not known here'],
    ['a size that its table does not cover', vhdx((image) => void image.writeBigUInt64LE(60n << 40n, (3 << 20) + (1 << 16) + 8)), 'too short'],
  ])('VHDX: %s', async (_, bytes, words) => {
    await refused(bytes).toThrow(words)
  })

  const parented = '# Disk DescriptorFile\nparentCID=0a0b0c0d\nparentFileNameHint="/etc/shadow"\n'
  it.each([
    ['a parent in its description', vmdk(undefined, parented), 'differences'],
    ['no size, which QEMU takes for a description', vmdk((image) => void image.writeBigUInt64LE(0n, 12)), 'no size'],
    ['changed line ends', vmdk((image) => void image.write('\n \n\n', 73)), 'transferred as text'],
    ['a directory beyond the end', vmdk((image) => void image.writeBigUInt64LE(1n << 40n, 56)), 'cut short'],
    ['a grain beyond the end', vmdk((image) => void image.writeUInt32LE(99_999, 32 * 512)), 'cut short'],
    ['grains of 0 sectors', vmdk((image) => void image.writeBigUInt64LE(0n, 20)), 'grain size'],
    ['a missing footer', vmdk((image) => void image.writeBigUInt64LE(2n ** 64n - 1n, 56)), 'footer is missing'],
    ['a size past all numbers', vmdk((image) => void image.writeBigUInt64LE(2n ** 63n, 12)), 'absurd'],
  ])('VMDK: %s', async (_, bytes, words) => {
    await refused(bytes).toThrow(words)
  })

  it('a disc that is shorter than it says is cut short', async () => {
    await refused(iso({ sectors: 500 })).toThrow('cut short')
  })
})
