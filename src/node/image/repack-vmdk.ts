import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { Bytes, type ByteSource, readExactly } from '../../image/byte-source.ts'
import { entriesPerTable, grainOf, streamEnd, streamStart, tableOf, tableSectors } from '../../image/stream-vmdk.ts'
import type { ConvertOptions } from './convert.ts'
import { withFile } from './file-source.ts'

const sector = 512

/**
 * Writes the streamOptimized VMDK that QEMU made, whose tables stand at its front, as one in the order of the specification.
 * The compressed grains are copied as they are.
 */
export async function repackVmdk(from: string, to: string, { signal, progressed }: ConvertOptions): Promise<void> {
  await withFile(from, async (source) => {
    await pipeline(repacked(source, progressed), createWriteStream(to, { flags: 'wx', mode: 0o600 }), { signal })
  }).catch((error: unknown) => {
    throw signal.aborted ? (signal.reason as Error) : error
  })
}

async function* repacked(source: ByteSource, progressed: (fraction: number) => void): AsyncGenerator<Uint8Array> {
  const header = new Bytes(await readExactly(source, 0, sector, 'header'), 'little')
  const capacity = header.u64(12, 'disk size')
  const count = Math.ceil(capacity / tableSectors)
  const directory = new Bytes(await readExactly(source, header.u64(56, 'place of the grain directory') * sector, count * 4, 'grain directory'), 'little')
  const tables: number[] = []
  let at = 0
  const placed = (bytes: Uint8Array): Uint8Array => {
    at += bytes.length / sector
    return bytes
  }
  yield placed(streamStart(capacity))
  for (let index = 0; index < count; index += 1) {
    const places: number[] = []
    for (const { entry, place } of await grainsIn(source, directory.u32(index * 4), index)) {
      const marker = new Bytes(await readExactly(source, place * sector, 12, 'grain'), 'little')
      const grain = grainOf(marker.u64(0, 'place of a grain'), await readExactly(source, place * sector + 12, marker.u32(8), 'grain'))
      places[entry] = at
      yield placed(grain)
    }
    if (places.length > 0) {
      tables[index] = at + 1
      yield placed(tableOf(Array.from({ length: entriesPerTable }, (_, entry) => places[entry] ?? 0)))
    }
    progressed((index + 1) / count)
  }
  yield streamEnd(capacity, Array.from({ length: count }, (_, index) => tables[index] ?? 0), at)
}

/** The grains that a table of the source lists: the entry each has in it, and where each stands. */
async function grainsIn(source: ByteSource, table: number, index: number): Promise<{ entry: number; place: number }[]> {
  if (table === 0) return []
  const bytes = new Bytes(await readExactly(source, table * sector, entriesPerTable * 4, `grain table ${index}`), 'little')
  return Array.from({ length: entriesPerTable }, (_, entry) => ({ entry, place: bytes.u32(entry * 4) })).filter(({ place }) => place !== 0)
}
