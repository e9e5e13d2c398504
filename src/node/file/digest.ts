import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** The SHA-256 of a file in hex. It is read piece by piece: a disk may be of gibibytes. `read` is told the bytes so far, and ends it by throwing. */
export async function sha256Of(path: string, read: (bytes: number) => void = () => undefined): Promise<string> {
  const hash = createHash('sha256')
  let done = 0
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(piece)
    done += piece.length
    read(done)
  }
  return hash.digest('hex')
}
