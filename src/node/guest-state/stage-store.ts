import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { LinkShape } from '../../contract/link.ts'
import { GuestName, MacAddress } from '../../contract/names.ts'
import { SnapshotId, SnapshotKind } from '../../contract/snapshot.ts'
import { halfWritten, syncPath, writeFileAtomicSync } from '../file/atomic.ts'

/**
 * `stages/<name>/<id>.json`: a stage snapshot exists when this file does. Its parts are snapshots of the guests; a part
 * without its file is one that a killed host left, and goes.
 */
export const StageSnapshotRecord = z.strictObject({
  form: z.literal(1),
  id: SnapshotId,
  title: z.string(),
  takenAt: z.iso.datetime(),
  parts: z.array(
    z.strictObject({
      guest: GuestName,
      snapshot: SnapshotId,
      kind: SnapshotKind,
      /** What the switch knew of it: its link, and the address of its card. */
      link: LinkShape.extend({ up: z.boolean() }),
      lease: z.strictObject({ mac: MacAddress, ipv4: z.string().nullable() }),
    }),
  ),
  skewMs: z.number(),
  pausedMs: z.number(),
})
export type StageSnapshotRecord = z.infer<typeof StageSnapshotRecord>

export class StageStore {
  readonly #directory: string

  constructor(dataDirectory: string, stage: string) {
    this.#directory = join(dataDirectory, 'stages', stage)
  }

  /** Oldest first. */
  list(): StageSnapshotRecord[] {
    if (!existsSync(this.#directory)) return []
    const found = readdirSync(this.#directory).flatMap((name) => (name.endsWith('.json') ? (this.#read(name) ?? []) : []))
    return found.sort((left, right) => left.takenAt.localeCompare(right.takenAt))
  }

  write(record: StageSnapshotRecord): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    writeFileAtomicSync(join(this.#directory, `${record.id}.json`), JSON.stringify(record, null, 2), { durable: true })
  }

  remove(id: SnapshotId): void {
    rmSync(join(this.#directory, `${id}.json`), { force: true })
    if (existsSync(this.#directory)) syncPath(this.#directory)
  }

  /** Removes what a process that died in the midst of writing left, when a host opens: nobody writes then. */
  sweep(): void {
    if (!existsSync(this.#directory)) return
    for (const name of readdirSync(this.#directory)) if (halfWritten(name)?.endsWith('.json') === true) rmSync(join(this.#directory, name), { force: true })
  }

  #read(name: string): StageSnapshotRecord | null {
    try {
      return StageSnapshotRecord.safeParse(JSON.parse(readFileSync(join(this.#directory, name), 'utf8'))).data ?? null
    } catch {
      return null // not JSON
    }
  }
}
