import { damaged, demand, unsupported } from './image-problem.ts'

export type DiskFormat = 'qcow2' | 'raw' | 'vmdk' | 'vhd' | 'vhdx' | 'vdi' | 'iso'

/** A file that a VMDK descriptor names. `sectors` are the disk's 512-byte sectors it holds. */
export interface Extent {
  readonly access: 'RW' | 'RDONLY'
  readonly sectors: number
  readonly type: 'FLAT' | 'SPARSE' | 'ZERO'
  /** Null for ZERO. */
  readonly file: string | null
  /** Where a FLAT extent begins in its file, in sectors. */
  readonly offset: number
}

/** What a disk image's header says of it, checked against its own length but not against other files. */
export interface DiskFacts {
  readonly format: DiskFormat
  /** The format's kind, in its own words. */
  readonly variant: string
  /** What the guest sees, in bytes. */
  readonly virtualBytes: number
  /** The image this one is the difference to, and that one's format when the header names it. */
  readonly backing: { readonly name: string; readonly format: string | null } | null
  /** The file that holds the data of a qcow2 whose own file holds only tables. */
  readonly dataFile: string | null
  /** The data files of a VMDK that is only a description. */
  readonly extents: readonly Extent[]
  /** Where the disk lies in the file from its first byte to its last, for a layout that QEMU's own reader does not take. */
  readonly plainFrom: number | null
  readonly warnings: readonly string[]
  /** A Windows, Linux, … disc says by its label what it is. */
  readonly label: string | null
  readonly bootable: boolean | null
}

/** The facts of an image that stands alone. */
export function plainDisk(format: DiskFormat, variant: string, virtualBytes: number, more: Partial<DiskFacts> = {}): DiskFacts {
  demand(virtualBytes > 0, () => damaged('it says that its disk has no size'))
  demand(virtualBytes <= largestDisk, () => unsupported(`it says that its disk has ${Math.round(virtualBytes / 2 ** 40)} TiB, more than any guest here can have (64 TiB)`, 'Shrink it with the program that made it.'))
  return { format, variant, virtualBytes, backing: null, dataFile: null, extents: [], plainFrom: null, warnings: [], label: null, bootable: null, ...more }
}

const largestDisk = 64 * 2 ** 40
