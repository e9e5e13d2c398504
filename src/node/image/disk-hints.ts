import { readFile, rm } from 'node:fs/promises'
import { type DiskHints, partitionBytes, readPartitions } from '../../image/partitions.ts'
import { demandQemuImg } from './qemu-img.ts'

/** What the first sectors of a staged qcow2 say of the system on it. */
export async function readDiskHints(path: string, signal: AbortSignal): Promise<DiskHints> {
  const start = `${path}.start`
  try {
    await demandQemuImg(['dd', '-f', 'qcow2', '-O', 'raw', 'bs=512', `count=${partitionBytes / 512}`, `if=${path}`, `of=${start}`], 'its partitions could not be read', { signal })
    return readPartitions(await readFile(start))
  } finally {
    await rm(start, { force: true })
  }
}
