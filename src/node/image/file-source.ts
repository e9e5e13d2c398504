import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { ByteSource } from '../../image/byte-source.ts'
import { unsafe, unsupported } from '../../image/image-problem.ts'

/** Opens a plain file for `look` and closes it afterwards. Throws ImageProblem for devices, pipes and folders. */
export async function withFile<T>(path: string, look: (source: ByteSource) => Promise<T>): Promise<T> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK) // not to wait for a pipe's writer
  try {
    const stat = await file.stat()
    if (stat.isDirectory()) throw unsupported('it is a folder', 'Name the disk, disc or machine in it.')
    if (stat.isBlockDevice()) throw unsupported('it is a device, not a file', `Copy it into a file first: qemu-img convert -p -f raw -O qcow2 ${path} disk.qcow2`)
    if (!stat.isFile()) throw unsafe('it is a device or a pipe, not a file')
    return await look(sourceOf(file, stat.size))
  } finally {
    await file.close()
  }
}

function sourceOf(file: FileHandle, size: number): ByteSource {
  return {
    size,
    async read(offset, length) {
      const buffer = new Uint8Array(length)
      let filled = 0
      while (filled < length) {
        const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return buffer.subarray(0, filled)
    },
  }
}
