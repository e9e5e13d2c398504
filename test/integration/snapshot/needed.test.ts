import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Client, Connection } from '../../../src/contract/connection.ts'
import { GuestName } from '../../../src/contract/names.ts'
import type { StageSnapshotView } from '../../../src/contract/stage.ts'
import { linux, TestHome, windows } from '../../support/diptych.ts'

/** Both guests of the stage, off and with empty disks: what their snapshots need is the same. */
describe('what a stage snapshot needs', () => {
  const home = new TestHome()
  let connection: Connection
  let client: Client
  let taken: StageSnapshotView
  const refusal = { code: 'REFUSED', data: { code: 'would-break' } }
  const listed = async () => (await client.stage.snapshots()).find(({ id }) => id === taken.id)
  const partOf = (guest: GuestName) => taken.parts.find((part) => part.guest === guest)?.snapshot ?? expect.fail(`no part of ${guest}`)

  beforeAll(async () => {
    await home.serve()
    connection = await home.connect()
    client = connection.client
    for (const name of [linux, windows]) await client.guest.create({ from: { kind: 'empty' }, name, memoryMiB: 64, diskMiB: 8 })
    taken = await client.stage.takeSnapshot({ title: 'rehearsal' })
    expect(taken.parts.map(({ guest, place, trash }) => [guest, place, trash])).toEqual([[linux, 'guest', null], [windows, 'guest', null]])
  })
  afterAll(async () => {
    connection.close()
    await home.dispose()
  })

  test('a guest goes to the trash only on demand; then the snapshot says what brings it back', async () => {
    await expect(client.guest.delete({ name: linux })).rejects.toMatchObject(refusal)
    const asked = await home.run('delete', 'linux')
    expect([asked.exitCode, asked.stderr]).toEqual([4, expect.stringContaining('linux is still needed: the stage snapshot “rehearsal” cannot be gone back to without it. Delete it all the same with --force')])
    const watched = (await client.stage.watchSnapshots())[Symbol.asyncIterator]()
    await watched.next()
    expect((await home.run('delete', 'linux', '--force')).exitCode).toBe(0)
    expect((await watched.next()).value).toMatchObject([{ id: taken.id, unusable: 'The part of linux is in the trash with it: restore linux first.' }])
    await watched.return?.()
    const [item = expect.fail('the trash is empty')] = await client.trash.list()
    expect((await listed())?.parts).toMatchObject([{ guest: linux, place: 'trash', trash: item.id }, { guest: windows, place: 'guest' }])
    const before = (await client.snapshot.list({ guest: windows })).snapshots.length
    await expect(client.stage.restoreSnapshot({ id: taken.id, keep: true })).rejects.toMatchObject({ data: { code: 'wrong-state', remedy: `bring it back first: diptych trash restore ${item.id}` } })
    expect((await client.snapshot.list({ guest: windows })).snapshots, 'nothing is kept for a way back that there is not').toHaveLength(before)
    await expect(client.trash.purge({ id: item.id })).rejects.toMatchObject(refusal)
    await expect(client.trash.empty()).rejects.toMatchObject(refusal)
    expect((await home.run('trash', 'purge', '--all')).exitCode).toBe(4)
    expect(await client.trash.list()).toHaveLength(1)
  })

  test('a guest that comes back under another name has its part with it', async () => {
    const [item = expect.fail('the trash is empty')] = await client.trash.list()
    const other = GuestName.parse('linux-again')
    await client.trash.restore({ id: item.id, name: other })
    expect(await listed()).toMatchObject({ unusable: null, parts: [{ guest: other, place: 'guest', trash: null }, { guest: windows }] })
    await client.stage.restoreSnapshot({ id: taken.id })
  })

  test('a guest’s own snapshot that is a part goes only on demand; then the whole says whose part is missing', async () => {
    const id = partOf(windows)
    await expect(client.snapshot.delete({ guest: windows, id })).rejects.toMatchObject(refusal)
    const asked = await home.run('snapshot', 'delete', 'windows', id)
    expect([asked.exitCode, asked.stderr]).toEqual([4, expect.stringContaining('the stage snapshot “rehearsal” cannot be gone back to without it')])
    expect((await home.run('snapshot', 'delete', 'windows', id, '--force')).exitCode).toBe(0)
    expect(await listed()).toMatchObject({ unusable: 'The part of windows was deleted.', parts: [{ place: 'guest' }, { guest: windows, place: 'gone', trash: null }] })
    expect((await home.run('snapshot', 'list', '@stage')).stdout).toContain('The part of windows was deleted.')
    const restored = await home.run('snapshot', 'restore', '@stage', 'rehearsal', '--keep')
    expect([restored.exitCode, restored.stderr]).toEqual([4, expect.stringContaining('the part of windows was deleted')])
  })

  test('what is of no use any more holds nobody back', async () => {
    const other = GuestName.parse('linux-again')
    const [kept = expect.fail('its part is gone')] = (await client.snapshot.list({ guest: other })).snapshots
    expect(kept).toMatchObject({ stage: taken.id, unusable: null })
    const item = await client.guest.delete({ name: other })
    await client.trash.purge({ id: item.id })
    expect(await listed()).toMatchObject({ unusable: 'The part of linux-again was deleted. The part of windows was deleted.' })
    await client.stage.deleteSnapshot({ id: taken.id })
    expect(await client.stage.snapshots()).toEqual([])
  })
})
