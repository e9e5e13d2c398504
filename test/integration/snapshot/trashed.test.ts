import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, afterEach, describe, expect, test } from 'vitest'
import { GuestName } from '../../../src/contract/names.ts'
import type { StageSnapshotView } from '../../../src/contract/stage.ts'
import { TrashId } from '../../../src/contract/trash.ts'
import { idleDisk } from '../../../src/node/qemu/disk-snapshot.ts'
import { tinyGuest } from '../engine/fixture.ts'
import { Rig } from './rig.ts'

const two = GuestName.parse('two')
const id = TrashId.parse('20261123T073000000Z-two')

describe('a stage snapshot with a part in the trash', () => {
  const home = mkdtempSync('/tmp/dz-')
  let rig: Rig
  let folder = ''
  let taken: StageSnapshotView
  const leftInTrash = async () => [readdirSync(join(folder, 'snapshots')).filter((name) => name !== 'current.json'), await idleDisk.list(join(folder, 'disk.qcow2')), statSync(join(folder, 'disk.qcow2')).nlink]

  beforeEach(async () => {
    rig = new Rig(mkdtempSync(join(home, 'h-')), tinyGuest(), ['one', 'two'])
    await rig.open()
    const write = (pattern: number) => execFileSync('qemu-io', ['-f', 'qcow2', '-c', `write -q -P ${pattern} 0 1M`, rig.disk('two')])
    write(1)
    taken = await rig.saved.stage.take('kept', undefined)
    write(2)
    folder = join(rig.directories.data, 'trash', id)
    mkdirSync(join(rig.directories.data, 'trash'))
    renameSync(rig.directory('two'), folder)
    rig.trashed.push({ id, name: two, folder })
  })
  afterEach(() => rig.close())
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  test('says what it takes, and goes with all of its parts at once', async () => {
    const [listed] = await rig.saved.stage.list()
    expect(listed?.parts.map(({ place }) => place)).toEqual(['guest', 'trash'])
    expect(listed?.bytes, 'what was overwritten since').toBeGreaterThanOrEqual(1 << 20)
    expect(await rig.saved.stage.delete(taken.id)).toBeGreaterThanOrEqual(1 << 20)
    expect(rig.saved.snapshots.records(GuestName.parse('one'))).toEqual([])
    expect(await leftInTrash()).toEqual([[], [], 1])
  })

  test('that was deleted by a host which was killed in the midst is gone when the next one opens', async () => {
    rmSync(join(rig.directories.data, 'stages'), { recursive: true })
    await rig.saved.recover()
    expect([rig.saved.snapshots.records(GuestName.parse('one')), rig.messages]).toEqual([[], []])
    expect(await leftInTrash()).toEqual([[], [], 1])
  })
})
