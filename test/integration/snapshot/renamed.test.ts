import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { tinyGuest } from '../engine/fixture.ts'
import { Rig } from './rig.ts'

const home = mkdtempSync('/tmp/dn-')
afterAll(() => rmSync(home, { recursive: true, force: true }))

test('a stage snapshot finds the part of a guest that was renamed by a host that died before it noted so', async () => {
  const before = new Rig(home, tinyGuest(), ['one', 'two'])
  await before.open()
  const taken = await before.saved.stage.take('kept', undefined)
  expect(taken.parts.map(({ guest, kind }) => [guest, kind])).toEqual([['one', 'disk'], ['two', 'disk']])
  before.close()
  renameSync(before.directory('one'), before.directory('other'))

  const after = new Rig(home, tinyGuest(), ['other', 'two'])
  await after.open()
  const [found = expect.fail('it is gone')] = await after.saved.stage.list()
  expect(found).toMatchObject({ id: taken.id, unusable: null, parts: [{ guest: 'other', snapshot: taken.parts[0]?.snapshot }, { guest: 'two' }] })
  await after.saved.stage.restore(taken.id, undefined)
  expect(['other', 'two'].map((name) => after.owner(name).state)).toEqual(['stopped', 'stopped'])
  await after.saved.stage.delete(taken.id)
  expect(after.saved.snapshots.records(after.owner('other').definition.name)).toEqual([])
  after.close()
})
