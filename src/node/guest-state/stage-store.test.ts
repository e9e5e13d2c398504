import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { SnapshotId } from '../../contract/snapshot.ts'
import { StageStore } from './stage-store.ts'

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'diptych-stages-'))
})
afterEach(() => rmSync(home, { recursive: true }))

it('what a host left that was killed while it wrote a stage snapshot goes, the snapshots stay', () => {
  const store = new StageStore(home, 'stage')
  store.sweep()
  store.write({ form: 1, id: SnapshotId.parse('0123456789ab'), title: 'one', takenAt: '2026-11-23T00:00:00Z', parts: [], skewMs: 0, pausedMs: 0 })
  writeFileSync(join(home, 'stages', 'stage', '0123456789ab.json.ba9876543210.tmp'), '{"form"')
  store.sweep()
  expect([readdirSync(join(home, 'stages', 'stage')), store.list().map(({ title }) => title)]).toEqual([['0123456789ab.json'], ['one']])
})
