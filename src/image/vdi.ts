import { Bytes, type ByteSource, eachEntry, readExactly } from './byte-source.ts'
import { type DiskFacts, plainDisk } from './disk-facts.ts'
import { damaged, demand, unsupported } from './image-problem.ts'

/** At byte 64 of the file, little-endian. */
export const vdiSignature = 0xbeda107f

const kinds: Readonly<Record<number, string>> = { 1: 'dynamic', 2: 'fixed' }
/** A block without room in the file (VirtualBox, VDICore.h): never written, or all zeros. */
const zeroBlock = 0xfffffffe

/** Reads a VirtualBox disk image, version 1.1 (field names as in VirtualBox's VDICore.h). Throws ImageProblem. */
export async function readVdi(source: ByteSource): Promise<DiskFacts> {
  const header = new Bytes(await readExactly(source, 0, 512, 'header'), 'little')
  const version = header.u32(68)
  demand(version === 0x0001_0001, () => unsupported(`it is a VDI of version ${version >>> 16}.${version & 0xffff}`, 'Write it anew with VirtualBox: VBoxManage clonemedium old.vdi new.vdi'))
  const variant = kinds[header.u32(76)]
  demand(variant !== undefined && header.isZero(440, 16), () => unsupported('it holds only the differences to another disk (a snapshot)', 'Clone it in VirtualBox, which makes it whole: VBoxManage clonemedium snapshot.vdi new.vdi'))
  const tableOffset = header.u32(340)
  const dataOffset = header.u32(344)
  const virtualBytes = header.u64(368, 'disk size')
  const blockBytes = header.u32(376)
  const count = header.u32(384)
  const allocated = header.u32(388)
  demand(header.u32(360) === 512 && blockBytes === 1 << 20, () => unsupported('it has sectors or blocks of an unusual size', 'Write it anew with VirtualBox: VBoxManage clonemedium old.vdi new.vdi'))
  demand(count <= 64 << 20 && count * blockBytes >= virtualBytes && allocated <= count, () => damaged(`its table has ${count} blocks, which does not fit its disk of ${virtualBytes} bytes`))
  demand(dataOffset + allocated * blockBytes <= source.size, () => damaged('its last blocks lie beyond its end: it is cut short'))
  let inOrder = true
  await eachEntry(source, { offset: tableOffset, count, order: 'little', what: 'block table' }, (place, index) => {
    if (place < zeroBlock && place >= allocated) throw damaged(`its block ${index} lies beyond its end`)
    if (place !== index) inOrder = false
  })
  if (dataOffset % 512 === 0) return plainDisk('vdi', variant, virtualBytes)
  demand(inOrder && dataOffset + virtualBytes <= source.size, () => unsupported('its data begins in the middle of a sector', 'Write it anew with VirtualBox: VBoxManage clonemedium old.vdi new.vdi'))
  return plainDisk('vdi', variant, virtualBytes, { plainFrom: dataOffset })
}
