import { Bytes, type ByteSource, latin1, readUpTo } from './byte-source.ts'
import { type DiskFacts, plainDisk } from './disk-facts.ts'
import { damaged, demand } from './image-problem.ts'

const sector = 2048
const firstDescriptor = 16
const mostDescriptors = 64

interface Volume {
  iso: Bytes | null
  udf: boolean
  bootCatalog: number | null
}

/**
 * Reads a disc image: ISO 9660 (ECMA-119), UDF (ECMA-167, found by its recognition sequence), or both at once as on Windows
 * discs. Null when it is none. Throws ImageProblem when it is one and cut short.
 */
export async function readOptical(source: ByteSource): Promise<DiskFacts | null> {
  const volume = await readVolume(source)
  if (volume.iso === null && !volume.udf) return null
  const described = volume.iso === null ? 0 : volume.iso.u32(80) * volume.iso.u16(128)
  demand(described <= source.size, () => damaged(`its contents take ${described} bytes, but the file has only ${source.size}: it is cut short`))
  const variant = volume.iso === null ? 'UDF' : volume.udf ? 'ISO 9660 and UDF' : 'ISO 9660'
  const label = volume.iso?.text(40, 32).trim() ?? ''
  return plainDisk('iso', variant, source.size, { label: label === '' ? null : label, bootable: await isBootable(source, volume) })
}

async function readVolume(source: ByteSource): Promise<Volume> {
  const volume: Volume = { iso: null, udf: false, bootCatalog: null }
  for (let index = 0; index < mostDescriptors; index += 1) {
    const raw = await readUpTo(source, (firstDescriptor + index) * sector, sector)
    if (raw.length < sector) break
    const bytes = new Bytes(raw, 'little')
    const id = latin1(raw.subarray(1, 6))
    if (id === 'CD001') {
      if (bytes.u8(0) === 1) volume.iso ??= bytes
      if (bytes.u8(0) === 0 && bytes.text(7, 32).startsWith('EL TORITO SPECIFICATION')) volume.bootCatalog = bytes.u32(71)
    } else if (id === 'NSR02' || id === 'NSR03') volume.udf = true
    else if (!['BEA01', 'TEA01', 'BOOT2'].includes(id)) break
  }
  return volume
}

/** Whether the El Torito catalog (1.0, 2.2) has an entry that boots; UDF alone has none, so that cannot be told. */
async function isBootable(source: ByteSource, volume: Volume): Promise<boolean | null> {
  if (volume.iso === null) return null
  if (volume.bootCatalog === null) return false
  const catalog = await readUpTo(source, volume.bootCatalog * sector, sector)
  for (let at = 32; at + 32 <= catalog.length; at += 32) if (catalog[at] === 0x88) return true
  return false
}
