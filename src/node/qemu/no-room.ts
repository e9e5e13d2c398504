import { statfsSync } from 'node:fs'
import { EngineFault } from '../../engine/engine.ts'
import { reasonOf } from '../../contract/refusal.ts'

const remedy = 'Make room on that file system, then try again.'
/** Less than this is none: what was given up a moment ago may have freed a little. */
const noneBytes = 4 << 20

/**
 * `error`, said as what it is when something below `directory` could not be written because nothing more fits there; else as
 * it is. A QEMU whose memory is a file there does not say so: the kernel ends it (SIGBUS) when a page finds no room.
 */
export function unlessFull(error: unknown, directory: string): unknown {
  const { code, part } = error as { readonly code?: unknown; readonly part?: unknown }
  const isFull = () => {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize < noneBytes
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') return new EngineFault('disk', reasonOf(error), { cause: error, remedy })
  if ((part === 'qemu' || part === 'qmp') && isFull()) return new EngineFault('disk', `No space is left in ${directory}`, { cause: error, remedy })
  return error
}
