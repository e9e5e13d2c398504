import { readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { SnapshotId } from '../../contract/snapshot.ts'
import { syncPath, writeFileAtomicSync } from '../file/atomic.ts'

/**
 * journal.json of a guest: what was being done to its saved states when this process died. It is written before the first
 * thing that has to be undone or finished, and removed after the last.
 *
 * take and suspend are undone unless their folder got its final name; restore, delete and follow (moved-cache.ts) are finished. `staysSuspended`: the
 * disk was as its suspended memory remembers it when the step, which changes no content, began. `diskOnly`: the disk is put
 * back without the memory that belongs to it.
 */
export const JournalEntry = z.discriminatedUnion('step', [
  z.strictObject({ step: z.literal('take'), id: SnapshotId, wasRunning: z.boolean() }),
  z.strictObject({ step: z.literal('suspend'), wasRunning: z.boolean() }),
  z.strictObject({ step: z.literal('restore'), id: SnapshotId, diskOnly: z.literal(true).exactOptional() }),
  z.strictObject({ step: z.literal('delete'), id: SnapshotId, staysSuspended: z.boolean() }),
  z.strictObject({ step: z.literal('follow'), staysSuspended: z.boolean() }),
])
export type JournalEntry = z.infer<typeof JournalEntry>

export function writeJournal(guestDirectory: string, entry: JournalEntry): void {
  writeFileAtomicSync(pathIn(guestDirectory), JSON.stringify(entry), { durable: true })
}

/** Null when nothing was under way. Throws when the file cannot be understood: it is then left as it is. */
export function readJournal(guestDirectory: string): JournalEntry | null {
  let text: string
  try {
    text = readFileSync(pathIn(guestDirectory), 'utf8')
  } catch {
    return null // nothing is under way
  }
  return JournalEntry.parse(JSON.parse(text))
}

export function clearJournal(guestDirectory: string): void {
  rmSync(pathIn(guestDirectory), { force: true })
  syncPath(dirname(pathIn(guestDirectory)))
}

function pathIn(guestDirectory: string): string {
  return join(guestDirectory, 'journal.json')
}
