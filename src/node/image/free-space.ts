import { statfs } from 'node:fs/promises'
import { diskFull, makeRoom } from '../../contract/disk-full.ts'
import { MissingPrerequisite } from '../../contract/refusal.ts'

/** Bytes as people read them. */
export function inWords(bytes: number): string {
  const [unit, factor] = bytes >= 2 ** 30 ? (['GiB', 2 ** 30] as const) : (['MiB', 2 ** 20] as const)
  return `${(bytes / factor).toFixed(1)} ${unit}`
}

/**
 * What may be written below `folder`. A part stays free (a twentieth, at most 512 MiB): running guests pause when the file
 * system their disks are on is full.
 */
export async function roomIn(folder: string): Promise<number> {
  const { bavail, blocks, bsize } = await statfs(folder)
  return Math.max(0, bavail * bsize - Math.min(512 * 2 ** 20, (blocks * bsize) / 20))
}

/** Rejects with MissingPrerequisite unless `bytes` fit below `folder`. */
export async function demandRoom(folder: string, bytes: number, what: string): Promise<void> {
  const room = await roomIn(folder)
  if (bytes <= room) return
  throw new MissingPrerequisite('disk space', diskFull({ what, place: folder, room: { neededBytes: bytes, freeBytes: room } }), makeRoom)
}
