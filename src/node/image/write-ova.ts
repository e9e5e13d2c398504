import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { type DescribedMachine, writeOvf } from '../../image/ovf-document.ts'
import { writeManifest } from '../../image/manifest.ts'
import { tarEnd, tarHeader, tarPadding } from '../../image/tar-write.ts'
import { sha256Of } from '../file/digest.ts'
import type { ConvertOptions } from './convert.ts'

/**
 * Packs a machine whose disk is at `diskPath` into an OVA (DSP0243, 5.2): description, checksums, disk, in this order.
 */
export async function writeOva(target: string, machine: DescribedMachine, diskPath: string, options: ConvertOptions): Promise<void> {
  const { signal } = options
  const description = new TextEncoder().encode(writeOvf(machine))
  const diskHash = await sha256Of(diskPath, (bytes) => {
    signal.throwIfAborted()
    options.progressed(bytes / machine.disk.fileBytes / 2)
  })
  const names = { description: `${machine.name}.ovf`, manifest: `${machine.name}.mf` }
  const manifest = new TextEncoder().encode(
    writeManifest([
      { file: names.description, algorithm: 'sha256', hex: createHash('sha256').update(description).digest('hex') },
      { file: machine.disk.file, algorithm: 'sha256', hex: diskHash },
    ]),
  )
  const now = Math.floor(Date.now() / 1_000)
  const parts = async function* (): AsyncGenerator<Uint8Array> {
    let written = 0
    const counted = (bytes: Uint8Array) => {
      written += bytes.length
      return bytes
    }
    for (const [name, bytes] of [[names.description, description], [names.manifest, manifest]] as const) {
      for (const piece of [tarHeader(name, bytes.length, now), bytes, tarPadding(bytes.length)]) yield counted(piece)
    }
    yield counted(tarHeader(machine.disk.file, machine.disk.fileBytes, now))
    for await (const chunk of createReadStream(diskPath, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      yield counted(chunk)
      options.progressed(0.5 + written / machine.disk.fileBytes / 2)
    }
    yield counted(tarPadding(machine.disk.fileBytes))
    yield tarEnd(written)
  }
  await pipeline(parts, createWriteStream(target, { flags: 'wx', mode: 0o600 }), { signal }).catch((error: unknown) => {
    throw signal.aborted ? (signal.reason as Error) : error
  })
}
