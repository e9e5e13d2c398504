import { Bytes, type ByteSource, readExactly } from './byte-source.ts'
import { type DiskFacts, plainDisk } from './disk-facts.ts'
import { damaged, demand, unsupported } from './image-problem.ts'

export const qcow2Magic = 0x514649fb

/** Incompatible feature bits (QEMU, docs/interop/qcow2.txt). */
const feature = { dirty: 1n, corrupt: 2n, dataFile: 4n, compression: 8n, extendedL2: 16n }
const understood = Object.values(feature).reduce((all, bit) => all | bit, 0n)

const extensionType = { end: 0, backingFormat: 0xe2792aca, dataFile: 0x44415441, encryption: 0x0537be77 }

/** Reads a qcow2 header, version 2 or 3. Throws ImageProblem. */
export async function readQcow2(source: ByteSource): Promise<DiskFacts> {
  const bytes = new Bytes(await readExactly(source, 0, 72, 'header'), 'big')
  const version = bytes.u32(4)
  demand(version === 2 || version === 3, () => unsupported(`it is a qcow2 of version ${version}`, 'Convert it to version 3 where it was made: qemu-img convert -O qcow2 old new'))
  const clusterBits = bytes.u32(20)
  demand(clusterBits >= 9 && clusterBits <= 21, () => damaged(`its cluster size is 2^${clusterBits} bytes, which the format does not have`))
  const virtualBytes = bytes.u64(24, 'disk size')
  const extended = version === 3 ? new Bytes(await readExactly(source, 72, 32, 'header'), 'big') : null
  const incompatible = extended?.big(0) ?? 0n
  const headerLength = extended?.u32(28) ?? 72
  demand(headerLength >= 72 && headerLength <= 1 << clusterBits && headerLength % 8 === 0, () => damaged(`its header says that it is ${headerLength} bytes long`))
  const warnings = readFeatures(incompatible)
  if (bytes.u32(60) > 0) warnings.push(`Its ${bytes.u32(60)} internal snapshots are not taken over; the disk's present state is.`)

  const extensions = await readExtensions(source, headerLength, 1 << clusterBits)
  demand(bytes.u32(32) === 0 && !extensions.encrypted, () => unsupported('it is encrypted', 'Write an unencrypted copy where the passphrase is known: qemu-img convert --object secret,… -O qcow2 old new'))
  await checkTables(source, bytes, clusterBits, virtualBytes, (incompatible & feature.extendedL2) !== 0n)

  const wantsData = (incompatible & feature.dataFile) !== 0n
  demand(!wantsData || extensions.dataFile !== null, () => damaged('it keeps its data in another file and does not say in which'))
  const backing = await readBacking(source, bytes, clusterBits)
  return plainDisk('qcow2', `version ${version}`, virtualBytes, {
    backing: backing === null ? null : { name: backing, format: extensions.backingFormat },
    dataFile: wantsData ? extensions.dataFile : null,
    warnings,
  })
}

function readFeatures(incompatible: bigint): string[] {
  demand((incompatible & ~understood) === 0n, () => unsupported(`it uses features that are not known here (bits 0x${(incompatible & ~understood).toString(16)})`, 'Update QEMU, or write a plain copy where it was made: qemu-img convert -O qcow2 old new'))
  demand((incompatible & feature.corrupt) === 0n, () => damaged('it is marked as corrupt', 'Repair a copy of it: qemu-img check -r all COPY'))
  return (incompatible & feature.dirty) === 0n ? [] : ['It was not closed properly; what was written last may be missing.']
}

async function readBacking(source: ByteSource, bytes: Bytes, clusterBits: number): Promise<string | null> {
  const at = bytes.u64(8, 'place of the backing name')
  const length = bytes.u32(16)
  if (at === 0) return null
  demand(length > 0 && length <= 1023 && at + length <= 1 << clusterBits, () => damaged('the name of its backing file does not lie in its header'))
  return new TextDecoder().decode(await readExactly(source, at, length, 'backing name'))
}

interface Extensions {
  backingFormat: string | null
  dataFile: string | null
  encrypted: boolean
}

async function readExtensions(source: ByteSource, start: number, end: number): Promise<Extensions> {
  const found: Extensions = { backingFormat: null, dataFile: null, encrypted: false }
  for (let at = start; at + 8 <= Math.min(end, source.size); ) {
    const head = new Bytes(await readExactly(source, at, 8, 'header extension'), 'big')
    const type = head.u32(0)
    const length = head.u32(4)
    if (type === extensionType.end) break
    demand(at + 8 + length <= end, () => damaged('a header extension is longer than the header'))
    if (type === extensionType.encryption) found.encrypted = true
    if (type === extensionType.backingFormat || type === extensionType.dataFile) {
      const text = new TextDecoder().decode(await readExactly(source, at + 8, length, 'header extension'))
      if (type === extensionType.backingFormat) found.backingFormat = text
      else found.dataFile = text
    }
    at += 8 + Math.ceil(length / 8) * 8
  }
  return found
}

/** The first-level table must cover the disk, and it and the reference counts must lie in the file. */
async function checkTables(source: ByteSource, bytes: Bytes, clusterBits: number, virtualBytes: number, wideEntries: boolean): Promise<void> {
  const l1Entries = bytes.u32(36)
  const l1Offset = bytes.u64(40, 'place of the cluster table')
  const refcountOffset = bytes.u64(48, 'place of the reference counts')
  const refcountClusters = bytes.u32(56)
  const bytesPerEntry = 2 ** clusterBits * (2 ** clusterBits / (wideEntries ? 16 : 8))
  demand(l1Entries <= (32 << 20) / 8 && refcountClusters * 2 ** clusterBits <= 8 << 20, () => damaged('its tables are absurdly large'))
  demand(l1Entries >= Math.ceil(virtualBytes / bytesPerEntry), () => damaged('its cluster table is too short for its disk'))
  demand(l1Offset + l1Entries * 8 <= source.size, () => damaged('its cluster table lies beyond its end: it is cut short'))
  demand(refcountClusters > 0 && refcountOffset > 0 && refcountOffset < source.size, () => damaged('its reference counts lie beyond its end: it is cut short'))
  demand(bytes.u32(60) <= 65_536, () => damaged(`it claims ${bytes.u32(60)} snapshots`))
}
