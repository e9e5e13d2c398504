import { open, type FileHandle } from 'node:fs/promises'

/**
 * How much of a qcow2 each internal snapshot holds alone: data and table clusters that neither the present disk nor another
 * snapshot refers to (QEMU, docs/interop/qcow2.txt). Reads tables only, also while a QEMU writes: then a figure may be off
 * by what is being written.
 */
export async function exclusiveBytes(paths: readonly string[], names: readonly string[]): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  for (const path of paths) for (const [name, bytes] of await ofFile(path)) if (names.includes(name)) sizes.set(name, bytes)
  return sizes
}

const magic = 0x51_46_49_fb
const offsetMask = 0x00ff_ffff_ffff_fe00n
const compressedFlag = 1n << 62n

interface Table {
  readonly name: string | null
  readonly offset: number
  readonly entries: number
}

async function ofFile(path: string): Promise<Map<string, number>> {
  const file = await open(path, 'r')
  try {
    const header = await read(file, 0, 104)
    if (header.readUInt32BE(0) !== magic) return new Map()
    const clusterBits = header.readUInt32BE(20)
    const clusterBytes = 2 ** clusterBits
    const extended = header.readUInt32BE(4) >= 3 && (header.readBigUInt64BE(72) & 16n) !== 0n
    const tables = [{ name: null, offset: Number(header.readBigUInt64BE(40)), entries: header.readUInt32BE(36) }, ...(await snapshotTables(file, Number(header.readBigUInt64BE(64)), header.readUInt32BE(60)))]
    /** Which table refers to a cluster; null when several do. */
    const owners = new Map<number, Table | null>()
    const claim = (cluster: number, table: Table) => {
      const owner = owners.get(cluster)
      if (owner === undefined) owners.set(cluster, table)
      else if (owner !== table) owners.set(cluster, null)
    }
    for (const table of tables) await claimClusters(file, table, { clusterBits, entryBytes: extended ? 16 : 8, claim })
    const sizes = new Map<string, number>(tables.flatMap(({ name }) => (name === null ? [] : [[name, 0] as const])))
    for (const owner of owners.values()) if (owner?.name != null) sizes.set(owner.name, (sizes.get(owner.name) ?? 0) + clusterBytes)
    return sizes
  } finally {
    await file.close()
  }
}

async function claimClusters(file: FileHandle, table: Table, form: { clusterBits: number; entryBytes: number; claim(cluster: number, table: Table): void }): Promise<void> {
  const { clusterBits, entryBytes, claim } = form
  const clusterBytes = 2 ** clusterBits
  const first = await read(file, table.offset, table.entries * 8)
  for (let at = 0; at + 8 <= first.length; at += 8) {
    const second = Number(first.readBigUInt64BE(at) & offsetMask)
    if (second === 0) continue
    claim(second / clusterBytes, table)
    const entries = await read(file, second, clusterBytes)
    for (let entry = 0; entry + entryBytes <= entries.length; entry += entryBytes) {
      const value = entries.readBigUInt64BE(entry)
      // A compressed cluster shares its host clusters with others: its first stands for it.
      const offset = (value & compressedFlag) === 0n ? value & offsetMask : value & ((1n << BigInt(62 - (clusterBits - 8))) - 1n)
      if (offset !== 0n) claim(Number(offset / BigInt(clusterBytes)), table)
    }
  }
}

/** The snapshot table: entries of variable length, padded to 8 bytes. */
async function snapshotTables(file: FileHandle, offset: number, count: number): Promise<Table[]> {
  const tables: Table[] = []
  let at = offset
  for (let index = 0; index < count; index += 1) {
    const head = await read(file, at, 40)
    const idBytes = head.readUInt16BE(12)
    const nameBytes = head.readUInt16BE(14)
    const extraBytes = head.readUInt32BE(36)
    const name = await read(file, at + 40 + extraBytes + idBytes, nameBytes)
    tables.push({ name: name.toString('utf8'), offset: Number(head.readBigUInt64BE(0)), entries: head.readUInt32BE(8) })
    at += Math.ceil((40 + extraBytes + idBytes + nameBytes) / 8) * 8
  }
  return tables
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  return buffer.subarray(0, bytesRead)
}
