import { chmodSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { demandRoom } from '../image/free-space.ts'
import { demandQemuImg } from '../image/qemu-img.ts'
import { syncPath } from '../file/atomic.ts'

export interface CopyOptions {
  readonly signal: AbortSignal
  readonly progressed: (fraction: number) => void
}

/**
 * Writes the disk of a guest that is off as a frozen disk at `target`: all of it, or with `base` only what it does not share
 * with that frozen disk, named as `target` shall name it. Snapshots in it are not taken along.
 */
export async function copyStoppedDisk(disk: string, target: string, base: string | null, { signal, progressed }: CopyOptions): Promise<void> {
  const what = 'the copy of the disk'
  await demandRoom(dirname(target), statSync(disk).blocks * 512 + (base === null ? statSync(disk).size : 0), what)
  // qemu-img looks for a base from where it was started: give the whole path first, then the name for the header.
  const shared = base === null ? [] : ['-B', resolve(dirname(target), base), '-F', 'qcow2']
  await demandQemuImg(['convert', '-p', '-f', 'qcow2', '-O', 'qcow2', ...shared, disk, target], what, { signal, progressed })
  if (base !== null) await demandQemuImg(['rebase', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', base, target], what)
  chmodSync(target, 0o400)
  syncPath(target)
}

/** Copies what a disk that no machine uses shares with its base into it; until the last step it stands on its base as before. */
export async function flattenStoppedDisk(disk: string, { signal, progressed }: CopyOptions): Promise<void> {
  await demandQemuImg(['rebase', '-p', '-f', 'qcow2', '-b', '', disk], 'copying what it shares into the disk', { signal, progressed })
  syncPath(disk)
}

export async function virtualBytesOf(disk: string): Promise<number> {
  const info = JSON.parse(await demandQemuImg(['info', '-U', '-f', 'qcow2', '--output=json', disk], disk)) as { 'virtual-size'?: number }
  return info['virtual-size'] ?? 0
}

/** Snapshots inside a disk share its base as it does; flattening copies only for the disk as it is now. */
export async function hasInnerSnapshots(disk: string): Promise<boolean> {
  const info = JSON.parse(await demandQemuImg(['info', '-U', '-f', 'qcow2', '--output=json', disk], disk)) as { snapshots?: unknown[] }
  return (info.snapshots?.length ?? 0) > 0
}
