import { Bytes, type ByteSource, latin1, readUpTo } from './byte-source.ts'
import { type DiskFacts, plainDisk } from './disk-facts.ts'
import { recogniseForeign } from './foreign.ts'
import { damaged, demand, unsupported } from './image-problem.ts'
import { readOptical } from './optical.ts'
import { qcow2Magic, readQcow2 } from './qcow2.ts'
import { readRawContent } from './raw-disk.ts'
import { isTar } from './tar.ts'
import { readVdi, vdiSignature } from './vdi.ts'
import { isVhdFooter, readVhd } from './vhd.ts'
import { readVhdx } from './vhdx.ts'
import { isDescriptor, readSparseVmdk, readVmdkDescription, vmdkMagic } from './vmdk.ts'

/** What a file is, by its content alone: a name's suffix says nothing. `raw`: there is no sign of any format. */
export type Content = { readonly kind: 'disk'; readonly facts: DiskFacts } | { readonly kind: 'ova' } | { readonly kind: 'ovf' }

export interface DetectOptions {
  /** Take what is not recognised for a raw disk. */
  readonly raw: boolean
}

/** Reads whatever headers a file has. Throws ImageProblem: damaged, or nothing that can be imported. */
export async function detect(source: ByteSource, options: DetectOptions): Promise<Content> {
  demand(source.size > 0, () => damaged('it is empty'))
  const start = await readUpTo(source, 0, 4_096)
  if (isTar(start)) return { kind: 'ova' }
  if (isOvf(start)) return { kind: 'ovf' }
  return { kind: 'disk', facts: await detectDisk(source, start, options) }
}

/** The same for what must be a disk or a disc: a member of a machine, a backing file. */
export async function detectDisk(source: ByteSource, start: Uint8Array, options: DetectOptions): Promise<DiskFacts> {
  const bytes = new Bytes(start, 'big')
  const text = latin1(start.subarray(0, 8))
  if (start.length >= 8 && bytes.u32(0) === qcow2Magic && bytes.u32(4) !== 1) return readQcow2(source)
  if (text.startsWith(vmdkMagic)) return readSparseVmdk(source)
  if (text === 'vhdxfile') return readVhdx(source)
  if (start.length >= 68 && new Bytes(start, 'little').u32(64) === vdiSignature) return readVdi(source)
  if (isDescriptor(start)) return readVmdkDescription(source)
  if (isVhdFooter(start) || isVhdFooter(await readUpTo(source, Math.max(0, source.size - 512), 512))) return readVhd(source)
  const optical = await readOptical(source)
  if (optical !== null) return optical
  const foreign = recogniseForeign(start)
  if (foreign !== null && !options.raw) throw foreign
  return rawDisk(source, options)
}

/** A sign of a raw disk is one that no other kind of file has; see `readRawContent`. */
async function rawDisk(source: ByteSource, options: DetectOptions): Promise<DiskFacts> {
  const content = await readRawContent(source)
  demand(content !== null || options.raw, () => unsupported('nothing in it is recognised as a disk, a disc or a machine', 'If it is a raw disk without partitions or file system, say so with --raw.'))
  const rest = source.size % 512
  return plainDisk('raw', content ?? 'contents unknown', source.size - rest + (rest > 0 ? 512 : 0), {
    warnings: rest > 0 ? ['Its size is no multiple of 512 bytes; the last sector is filled up with zeros. It may be cut short.'] : [],
  })
}

/** Whether a file begins as an OVF description, or as XML that may be one. */
export function isOvf(start: Uint8Array): boolean {
  const text = latin1(start).replace(/^(\u00ef\u00bb\u00bf)?\s*/, '')
  return text.startsWith('<') && /<([a-zA-Z]\w*:)?Envelope[\s>]|<!DOCTYPE|<\?xml/.test(text)
}
