import { existsSync, mkdtempSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { GuestName } from '../../../src/contract/names.ts'
import type { SnapshotTree } from '../../../src/contract/snapshot.ts'
import { diskUse } from '../../../src/node/file/disk-use.ts'
import { writeJournal } from '../../../src/node/guest-state/journal.ts'
import { isSuspended } from '../../../src/node/guest-state/suspended.ts'
import { idleDisk } from '../../../src/node/qemu/disk-snapshot.ts'
import { keptDisks } from '../../../src/node/qemu/kept-disk.ts'
import { entries, isThere, tinyGuest, until } from '../engine/fixture.ts'
import { countInGuest, demandSound, endHome, Rig } from './rig.ts'

const one = GuestName.parse('one')

describe('saving and restoring on real QEMU', () => {
  const tiny = tinyGuest()
  const home = mkdtempSync('/tmp/ds-')
  let rig = new Rig(home, tiny)
  const titles = (tree: SnapshotTree) => tree.snapshots.map(({ title }) => title)
  const find = async (title: string) => {
    const found = (await rig.saved.snapshots.tree(one)).snapshots.find((each) => each.title === title)
    return found ?? expect.fail(`there is no snapshot ${title}`)
  }

  beforeAll(() => rig.open())
  afterEach(async () => {
    for (const path of [rig.disk(), ...keptDisks(rig.directory('one'))]) await demandSound(path, rig.owner('one').machine)
  })
  afterAll(() => {
    rig.close()
    endHome(home)
  })

  test('a guest is suspended, its QEMU is gone, and it goes on from there once', async () => {
    const owner = rig.owner('one')
    await owner.request('start')
    await rig.untilAgent()
    await rig.shell(countInGuest)
    await until('it to count', async () => (await rig.counted()).memory > 3)
    const { processId } = rig.machine()
    expect(await rig.saved.suspending.suspend(one)).toBe('done')
    expect([owner.state, owner.machine, isThere(processId)]).toEqual(['suspended', null, false])
    expect(await rig.saved.suspending.suspend(one)).toBe('already')
    // Another host finds it so.
    rig.close()
    rig = new Rig(home, tiny)
    await rig.open()
    expect(rig.owner('one').state).toBe('suspended')
    await rig.owner('one').request('start')
    expect(rig.machine().boot).toBe('restored')
    await rig.untilAgent()
    const { memory, disk } = await rig.counted()
    expect(Math.abs(memory - disk)).toBeLessThanOrEqual(1)
    await until('it to count on', async () => (await rig.counted()).memory > memory)
    expect(entries(rig.directory('one')).sort()).toEqual(['disk.qcow2'])
  })

  test('a disk that moved on is not joined to the memory of before; from the disk alone it starts', async () => {
    await rig.saved.suspending.suspend(one)
    utimesSync(rig.disk(), new Date(), new Date())
    await expect(rig.owner('one').request('start')).rejects.toMatchObject({ part: 'saved state', remedy: expect.stringContaining('--boot cold') as string })
    expect(rig.owner('one').view()).toMatchObject({ state: 'suspended', detail: expect.stringContaining('written to') as string })
    await rig.owner('one').request('start', { boot: 'cold' })
    expect([rig.machine().boot, existsSync(join(rig.directory('one'), 'suspended'))]).toEqual(['cold', false])
    await rig.untilAgent()
  })

  test('live snapshots make a tree; each brings memory and disk of its own instant back', async () => {
    await rig.shell(countInGuest)
    await until('it to count', async () => (await rig.counted()).memory > 3)
    const first = await rig.saved.snapshots.take(one, { title: 'first' })
    expect(first).toMatchObject({ parent: null, kind: 'live', consistent: true, unusable: null, thumbnail: { width: 720, height: 400 } })
    expect(first.memoryBytes).toBeGreaterThan(1e6)
    const atFirst = (await rig.counted()).memory
    await until('it to count on', async () => (await rig.counted()).memory > atFirst + 5)
    const second = await rig.saved.snapshots.take(one, { title: 'second' })
    expect(second.parent).toBe(first.id)
    const atSecond = (await rig.counted()).memory
    await rig.saved.snapshots.restore(one, first.id)
    expect(rig.owner('one').state).toBe('running')
    await rig.untilAgent()
    const back = await rig.counted()
    expect(back.memory).toBeLessThan(atSecond)
    expect(Math.abs(back.memory - back.disk)).toBeLessThanOrEqual(1)
    const branch = await rig.saved.snapshots.take(one, { title: 'branch' })
    expect(branch.parent).toBe(first.id)
    await rig.saved.snapshots.restore(one, second.id)
    await rig.untilAgent()
    expect((await rig.counted()).memory).toBeGreaterThan(back.memory)
    const tree = await rig.saved.snapshots.tree(one)
    expect([titles(tree), tree.current]).toEqual([['first', 'second', 'branch'], second.id])
    expect(Buffer.from((await rig.saved.snapshots.thumbnail(one, first.id)).png, 'base64').subarray(1, 4).toString()).toBe('PNG')
    expect((await rig.saved.snapshots.rename(one, first.id, 'The first')).title).toBe('The first')
  })

  test('one of the disk, running or stopped, boots again where the guest was up and stays off where not', async () => {
    await rig.owner('one').request('forceStop')
    await rig.owner('one').request('start', { boot: 'disk' })
    await rig.untilAgent()
    await rig.shell('printf "running-" | dd of=/dev/vda; sync')
    const running = await rig.saved.snapshots.take(one, { title: 'running', kind: 'disk' })
    // The tiny guest's agent has no file system to freeze: as after a power cut.
    expect(running).toMatchObject({ kind: 'disk', consistent: false, memoryBytes: 0, thumbnail: null })
    await rig.shell('printf "changed-" | dd of=/dev/vda; sync')
    await rig.saved.snapshots.restore(one, running.id)
    expect([rig.owner('one').state, rig.machine().boot]).toEqual(['running', 'cold'])
    await rig.untilAgent()
    expect(await rig.shell('dd if=/dev/vda bs=8 count=1 2>/dev/null')).toBe('running-')
    await rig.owner('one').request('forceStop')
    const stopped = await rig.saved.snapshots.take(one, { title: 'stopped' })
    expect(stopped).toMatchObject({ kind: 'disk', consistent: true, pausedMs: 0 })
    await rig.saved.snapshots.restore(one, stopped.id)
    expect(rig.owner('one').state).toBe('stopped')
    await rig.saved.snapshots.restore(one, (await find('second')).id)
    expect([rig.owner('one').state, rig.machine().boot]).toEqual(['running', 'restored'])
  })

  test('a live one whose memory was saved elsewhere brings its disk back when that is asked for, and the guest boots', async () => {
    const second = await find('second')
    await rig.untilAgent()
    await rig.shell('printf "changed-" | dd of=/dev/vda; sync')
    const manifest = join(rig.directory('one'), 'snapshots', second.id, 'state', 'manifest.json')
    const whole = readFileSync(manifest, 'utf8')
    writeFileSync(manifest, JSON.stringify({ ...(JSON.parse(whole) as object), key: 'of another QEMU' }))
    expect(await find('second')).toMatchObject({ unusable: expect.stringContaining('another QEMU') as string, diskUsable: true })
    const { processId } = rig.machine()
    await expect(rig.saved.snapshots.restore(one, second.id)).rejects.toMatchObject({ code: 'unsupported', remedy: expect.stringContaining(`snapshot restore one ${second.id} --disk`) as string })
    expect([rig.machine().processId, rig.owner('one').state], 'refused before anything was touched').toEqual([processId, 'running'])

    await rig.saved.snapshots.restore(one, second.id, { diskOnly: true })
    expect([rig.owner('one').state, rig.machine().boot, isSuspended(rig.directory('one'))]).toEqual(['running', 'cold', false])
    await rig.untilAgent()
    expect(Number(await rig.shell('dd if=/dev/vda bs=8 count=1 2>/dev/null'))).toBeGreaterThan(0)
    expect((await rig.saved.snapshots.tree(one)).current).toBe(second.id)

    // Of a guest that is off it stays off; a host that was killed in the midst left the journal.
    await rig.owner('one').request('forceStop')
    writeJournal(rig.directory('one'), { step: 'restore', id: second.id, diskOnly: true })
    await rig.saved.recover()
    expect([rig.owner('one').state, isSuspended(rig.directory('one'))]).toEqual(['stopped', false])
    await rig.saved.snapshots.restore(one, second.id, { diskOnly: true })
    expect(rig.owner('one').state).toBe('stopped')
    writeFileSync(manifest, whole)
    await rig.owner('one').request('start')
    expect(rig.machine().boot).toBe('cold')
  })

  test('deleting one gives its room back, joins its children to its parent, and no other one feels it', async () => {
    await rig.untilAgent()
    await rig.shell('dd if=/dev/urandom of=/dev/vda bs=1M seek=8 count=24 2>/dev/null; sync')
    const fat = await rig.saved.snapshots.take(one, { title: 'fat', kind: 'disk' })
    await rig.shell('dd if=/dev/urandom of=/dev/vda bs=1M seek=8 count=24 2>/dev/null; sync')
    const child = await rig.saved.snapshots.take(one, { title: 'child', kind: 'disk' })
    expect(child.parent).toBe(fat.id)
    expect((await find('fat')).diskBytes).toBeGreaterThan(23 << 20)
    const before = await diskUse(rig.directory('one'))
    const reclaimed = await rig.saved.snapshots.delete(one, fat.id)
    expect(reclaimed).toBeGreaterThan(20 << 20)
    expect(before - (await diskUse(rig.directory('one')))).toBeGreaterThan(20 << 20)
    expect((await find('child')).parent).toBe(fat.parent)
    const first = await find('The first')
    await rig.saved.snapshots.restore(one, first.id)
    await rig.untilAgent()
    const { memory, disk } = await rig.counted()
    expect(Math.abs(memory - disk)).toBeLessThanOrEqual(1)
    await rig.owner('one').request('forceStop')
    for (const { id } of (await rig.saved.snapshots.tree(one)).snapshots) await rig.saved.snapshots.delete(one, id)
    expect([await rig.saved.snapshots.tree(one), await idleDisk.list(rig.disk()), keptDisks(rig.directory('one')), statSync(rig.disk()).nlink]).toEqual([{ guest: 'one', current: null, snapshots: [] }, [], [], 1])
  })

  test('a force stop while one is taken leaves none, and the guest stopped', async () => {
    // A quick machine may have taken it before the stop comes: then it is deleted, and the stop tries again to be first.
    for (let caught = false; !caught; ) {
      await rig.owner('one').request('start', { boot: 'disk' })
      await rig.untilAgent()
      let over = false
      const taking = rig.saved.snapshots.take(one, { title: 'never' }).then((taken) => taken.id, () => null).finally(() => (over = true))
      const begun = () => over || existsSync(join(rig.directory('one'), 'journal.json'))
      while (!begun()) await new Promise((resolve) => setImmediate(resolve))
      await rig.owner('one').request('forceStop')
      const id = await taking
      caught = id === null
      if (id !== null) await rig.saved.snapshots.delete(one, id)
    }
    expect([rig.owner('one').state, titles(await rig.saved.snapshots.tree(one)), entries(rig.directory('one')).filter((name) => name !== 'snapshots'), await idleDisk.list(rig.disk())]).toEqual(['stopped', [], ['disk.qcow2'], []])
  })

  test('a force stop waits for no guest that does not thaw', async () => {
    await rig.owner('one').request('start', { boot: 'disk' })
    await rig.untilAgent()
    let asked = false
    vi.spyOn(rig.machine().agent, 'thaw').mockImplementation(() => {
      asked = true
      return new Promise(() => undefined)
    })
    const cancelled = expect(rig.saved.snapshots.take(one, { title: 'never', kind: 'disk' })).rejects.toThrow('the snapshot of one was cancelled')
    await until('it is thawed', () => asked)
    await rig.owner('one').request('forceStop')
    await cancelled
    expect([rig.owner('one').state, titles(await rig.saved.snapshots.tree(one)), entries(rig.directory('one')).filter((name) => name !== 'snapshots'), await idleDisk.list(rig.disk())]).toEqual(['stopped', [], ['disk.qcow2'], []])
  })
})
