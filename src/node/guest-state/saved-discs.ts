import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { MachineSpec } from '../../engine/engine.ts'
import { readSavedState } from '../qemu/saved-state.ts'
import { SnapshotStore } from './snapshot-store.ts'

/** A saved machine that needs the discs of its drives where they are, as long as it is kept. */
export interface SavedDiscs {
  /** In words that `of <guest>` can follow. */
  readonly what: string
  /** Their paths. */
  readonly discs: readonly string[]
}

/** Of the guest whose folder it is: its live snapshots, oldest first, and its suspended memory. What cannot be read needs nothing. */
export function savedDiscsOf(guestDirectory: string): SavedDiscs[] {
  const store = new SnapshotStore(guestDirectory)
  const snapshots = store.list().filter(({ kind }) => kind === 'live').map(({ id, title }) => ({ what: `the snapshot “${title}”`, discs: discsIn(join(store.directory(id), 'state')) }))
  return [...snapshots, { what: 'the suspended memory', discs: discsIn(join(guestDirectory, 'suspended', 'state')) }].filter(({ discs }) => discs.length > 0)
}

/** The discs that a saved machine had in its drives. */
export function discsIn(savedState: string): string[] {
  try {
    return existsSync(savedState) ? discsOf(readSavedState(savedState).manifest.spec) : []
  } catch {
    return [] // it cannot be restored whatever becomes of the discs
  }
}

export function discsOf({ discPath, driverDiscPath }: Pick<MachineSpec, 'discPath' | 'driverDiscPath'>): string[] {
  return [discPath, driverDiscPath].filter((path) => path !== undefined && path !== null)
}
