import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { damaged, demand } from '../../image/image-problem.ts'
import type { ConvertOptions } from './convert.ts'
import type { ExaminedPackage } from './examine-package.ts'

/** Reads every file that a package has a checksum of. Throws ImageProblem (damaged) for the first that differs. */
export async function verifyChecksums(checksums: ExaminedPackage['checksums'], options: ConvertOptions): Promise<void> {
  const sizes = await Promise.all(checksums.map(async ({ place }) => place.window?.size ?? (await stat(place.path)).size))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  let done = 0
  for (const { file, algorithm, hex, place } of checksums) {
    const hash = createHash(algorithm)
    const { offset = 0, size = Number.POSITIVE_INFINITY } = place.window ?? {}
    if (size === 0) continue
    await pipeline(
      createReadStream(place.path, { start: offset, end: offset + size - 1, highWaterMark: 1 << 20 }),
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) {
          hash.update(chunk)
          done += chunk.length
          options.progressed(total === 0 ? 1 : done / total)
        }
      },
      { signal: options.signal },
    ).catch((error: unknown) => {
      throw options.signal.aborted ? (options.signal.reason as Error) : error
    })
    demand(hash.digest('hex') === hex, () => damaged(`the checksum of "${file}" is wrong: it is not what was exported`))
  }
}
