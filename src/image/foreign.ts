import { latin1 } from './byte-source.ts'
import { type ImageProblem, unsupported } from './image-problem.ts'

interface Foreign {
  readonly magic: string
  readonly what: string
  readonly remedy: string
}

const unpack = (command: string) => `Unpack it first: ${command}`
const convert = (program: string) => `Convert it first, with ${program}.`

/** What people hand in that is no disk, and what to do with it. */
const foreigners: readonly Foreign[] = [
  { magic: '\x1f\x8b', what: 'a gzip file', remedy: unpack('gunzip --keep FILE (a Vagrant box: tar -xzf FILE)') },
  { magic: '\xfd7zXZ\0', what: 'an xz file', remedy: unpack('xz --decompress --keep FILE') },
  { magic: '\x28\xb5\x2f\xfd', what: 'a Zstandard file', remedy: unpack('zstd --decompress FILE') },
  { magic: 'BZh', what: 'a bzip2 file', remedy: unpack('bunzip2 --keep FILE') },
  { magic: 'LZIP', what: 'an lzip file', remedy: unpack('lzip --decompress --keep FILE') },
  { magic: 'PK\x03\x04', what: 'a zip archive', remedy: unpack('unzip FILE') },
  { magic: "7z\xbc\xaf'\x1c", what: 'a 7-Zip archive', remedy: unpack('7zz x FILE') },
  { magic: 'Rar!\x1a\x07', what: 'a RAR archive', remedy: unpack('unrar x FILE') },
  { magic: 'QED\0', what: 'a QED disk', remedy: convert('qemu-img convert -f qed -O qcow2') },
  { magic: 'WithoutFreeSpace', what: 'a Parallels disk', remedy: convert('qemu-img convert -f parallels -O qcow2') },
  { magic: 'WithouFreSpacExt', what: 'a Parallels disk', remedy: convert('qemu-img convert -f parallels -O qcow2') },
  { magic: 'COWD', what: 'a part of an ESX server disk (a snapshot)', remedy: 'Export the machine as OVF in VMware, then import that.' },
  { magic: '\xbe\xba\xfe\xca', what: 'a part of an ESX server disk (a seSparse snapshot)', remedy: 'Export the machine as OVF in VMware, then import that.' },
  { magic: 'MSWIM\0\0\0', what: 'a Windows setup archive (WIM)', remedy: 'Import the disc (.iso) it came on.' },
  { magic: 'hsqs', what: 'a squashfs file system', remedy: 'Import the disc or disk it came on.' },
  { magic: 'MZ', what: 'a Windows program', remedy: 'Import the disk or disc it is meant to write.' },
  { magic: '\x7fELF', what: 'a program', remedy: 'Import a disk, a disc or a machine.' },
  { magic: '%PDF', what: 'a PDF document', remedy: 'Import a disk, a disc or a machine.' },
]

/** A file of a known kind that cannot be imported as it is: what it is, and the way out. Null: nothing known. */
export function recogniseForeign(start: Uint8Array): ImageProblem | null {
  const text = latin1(start.subarray(0, 512))
  if (text.startsWith('QFI\xfb\0\0\0\x01')) return unsupported('it is a qcow of version 1', convert('qemu-img convert -f qcow -O qcow2'))
  const found = foreigners.find(({ magic }) => text.startsWith(magic))
  return found === undefined ? null : unsupported(`it is ${found.what}`, found.remedy)
}
