import { open, readdir } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { renameBacking } from './disk-image.ts'

/**
 * Lets every disk below `folder` name a base that is in the folder too by a path from its own place. The folder can then be
 * moved as a whole. At every moment each disk finds its base: both names mean the same file until the folder moves.
 */
export async function makeBackingsRelative(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const backing = await backingName(path)
    if (backing === null || !isAbsolute(backing) || relative(folder, backing).startsWith('..')) continue
    await renameBacking(path, relative(dirname(path), backing))
  }
}

/** The base that a qcow2's header names (QEMU, docs/interop/qcow2.txt); null for one without, and for any other file. */
export async function backingName(path: string): Promise<string | null> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, 0)
    if (bytesRead < 20 || buffer.readUInt32BE(0) !== 0x514649fb) return null
    const offset = Number(buffer.readBigUInt64BE(8))
    const length = buffer.readUInt32BE(16)
    if (offset === 0 || length === 0 || length > 1023) return null
    const name = await file.read(Buffer.alloc(length), 0, length, offset)
    return name.buffer.subarray(0, name.bytesRead).toString('utf8')
  } finally {
    await file.close()
  }
}
