import { statfsSync } from 'node:fs'
import { EngineFault } from '../../engine/engine.ts'
import { diskFull, isDiskFull, makeRoom } from '../../contract/disk-full.ts'

/** Less than this is none: what was given up a moment ago may have freed a little. */
const noneBytes = 4 << 20

/**
 * `error`, said as what it is when `what`, below `directory`, could not be written because nothing more fits there; else as
 * it is. A QEMU whose memory is a file there does not say so: the kernel ends it (SIGBUS) when a page finds no room.
 */
export function unlessFull(error: unknown, directory: string, what: string): unknown {
  const { part } = error as { readonly part?: unknown }
  const isFull = () => {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize < noneBytes
  }
  if (!isDiskFull(error) && !((part === 'qemu' || part === 'qmp') && isFull())) return error
  return new EngineFault('disk', diskFull({ what, place: directory }), { cause: error, remedy: makeRoom })
}
