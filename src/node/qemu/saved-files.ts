import { statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { diskFull, makeRoom } from '../../contract/disk-full.ts'
import { EngineFault } from '../../engine/engine.ts'
import type { QmpSession } from '../../engine/qemu/qmp-session.ts'
import { takeScreenshot } from './screenshot.ts'

/** Room that is left for others on the file system. */
const reserveBytes = 64 << 20

/** Rejects when so much does not fit below `directory`; `what` opens the sentence: "Saving", "A template". */
export function demandRoom(what: string, directory: string, neededBytes: number): void {
  const found = statfsSync(directory)
  if (found.bavail * found.bsize >= neededBytes + reserveBytes) return
  throw new EngineFault('disk', diskFull({ what, place: directory, room: { neededBytes, freeBytes: Math.max(0, found.bavail * found.bsize - reserveBytes) } }), { remedy: makeRoom })
}

/** Keeps the machine's screen as `screen.png` in `directory`; null for one that shows nothing. */
export async function keepPicture(qmp: QmpSession, scratch: string, asPng: boolean, directory: string): Promise<{ width: number; height: number } | null> {
  try {
    const { png, width, height } = await takeScreenshot(qmp, scratch, asPng)
    writeFileSync(join(directory, 'screen.png'), png, { mode: 0o600 })
    return { width, height }
  } catch {
    return null
  }
}
