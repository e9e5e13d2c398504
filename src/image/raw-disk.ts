import { Bytes, type ByteSource, readUpTo } from './byte-source.ts'

/**
 * What a raw disk has on it, in words, or null when nothing is recognised. Raw is the absence of a format: a file counts as a
 * raw disk only when a partition table, a boot sector or a file system shows that it is one.
 */
export async function readRawContent(source: ByteSource): Promise<string | null> {
  const raw = await readUpTo(source, 0, 128 * 1024)
  const bytes = new Bytes(raw, 'little')
  const at = (offset: number, text: string) => raw.length >= offset + text.length && bytes.text(offset, text.length) === text
  if (at(512, 'EFI PART')) return 'GPT partitions'
  if (at(3, 'NTFS    ')) return 'an NTFS volume'
  if (at(54, 'FAT1') || at(82, 'FAT32')) return 'a FAT volume'
  if (at(0, 'XFSB')) return 'an XFS volume'
  if (at(0, 'LUKS')) return 'an encrypted (LUKS) volume'
  if (raw.length >= 1082 && bytes.u16(1080) === 0xef53) return 'an ext volume'
  if (at(0x10040, '_BHRfS_M')) return 'a btrfs volume'
  if (at(512, 'LABELONE')) return 'an LVM volume'
  if (raw.length >= 512 && bytes.u16(510) === 0xaa55) return 'an MBR or boot sector'
  return null
}
