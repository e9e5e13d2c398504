import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GuestName } from '../../../src/contract/names.ts'
import { idleDisk } from '../../../src/node/qemu/disk-snapshot.ts'
import { keptDisks } from '../../../src/node/qemu/kept-disk.ts'
import { maySmallDisk, SmallDisk } from '../../support/small-disk.ts'
import { entries, tinyGuest, until } from '../engine/fixture.ts'
import { countInGuest, demandSound, endGuests, Rig } from './rig.ts'

const one = GuestName.parse('one')

describe.skipIf(!maySmallDisk)('on a full disk (needs root and a loop device: mounts a small file system)', () => {
  const home = mkdtempSync('/tmp/df-')
  const data = join(home, 'data')
  let rig: Rig
  let disk: SmallDisk

  beforeAll(async () => {
    disk = new SmallDisk(data, join(home, 'small.img'), 400)
    rig = new Rig(home, tinyGuest())
    await rig.open()
    await rig.owner('one').request('start')
    await rig.untilAgent()
    await rig.shell(countInGuest)
    await until('it to count', async () => (await rig.counted()).memory > 2)
  })
  afterAll(() => {
    rig.close()
    endGuests(home)
    disk.unmount()
    rmSync(home, { recursive: true, force: true })
  })

  test('suspending and taking a snapshot say how much room they need, and leave the guest as it was', async () => {
    disk.fill(8)
    for (const attempt of [() => rig.saved.suspending.suspend(one), () => rig.saved.snapshots.take(one, { title: 'never' })]) {
      await expect(attempt()).rejects.toMatchObject({ part: 'disk', message: expect.stringMatching(/Saving takes up to \d+ MiB/) as string, remedy: expect.stringContaining('Make room') as string })
    }
    expect(rig.owner('one').state).toBe('running')
    expect([entries(rig.directory('one')).filter((name) => name !== 'snapshots'), await idleDisk.list(rig.disk()), keptDisks(rig.directory('one'))]).toEqual([['disk.qcow2'], [], []])
    const { memory } = await rig.counted()
    await until('it to count on', async () => (await rig.counted()).memory > memory)
  })

  test.each([
    ['its memory', 8],
    ['the mark in its disk, or anything', 0],
  ])('out of room for %s while it stands still, the guest goes on, and nothing is left of the attempt', async (_, leaveMiB) => {
    for (const attempt of [() => rig.saved.suspending.suspend(one), () => rig.saved.snapshots.take(one, { title: 'never' })]) {
      disk.free()
      let filled = false
      const stop = rig.machine().subscribe(({ type }) => {
        if (type !== 'paused' || filled) return
        filled = true
        disk.fill(leaveMiB)
      })
      await expect(attempt()).rejects.toMatchObject({ part: 'disk', message: expect.stringMatching(/space/) as string, remedy: expect.stringContaining('Make room') as string })
      stop()
      expect([filled, rig.owner('one').state]).toEqual([true, 'running'])
      expect([entries(rig.directory('one')).filter((name) => name !== 'snapshots'), await idleDisk.list(rig.disk()), keptDisks(rig.directory('one'))]).toEqual([['disk.qcow2'], [], []])
      disk.free()
      const { memory } = await rig.counted()
      await until('it to count on', async () => (await rig.counted()).memory > memory)
      await demandSound(rig.disk(), rig.machine(), { leaks: true })
    }
  })

  test('the guest pauses rather than corrupts, says why, and goes on when there is room', async () => {
    disk.fill(1)
    const written = expect(rig.shell('dd if=/dev/urandom of=/dev/vda bs=64k seek=16 count=800 oflag=direct 2>&1 | tail -1')).resolves.toBe('800+0 records out')
    await until('it to be paused', () => rig.owner('one').state === 'paused')
    expect(rig.owner('one').view()).toMatchObject({ state: 'paused', detail: expect.stringContaining('ran out of space') as string })
    // Still no room: it pauses again.
    await rig.owner('one').request('resume')
    await until('it to be paused again', () => rig.owner('one').state === 'paused')
    disk.free()
    await rig.owner('one').request('resume')
    await written
    expect(rig.owner('one').view()).toMatchObject({ state: 'running', detail: null })
    await rig.owner('one').request('forceStop')
    await demandSound(rig.disk(), null, { leaks: true })
  })
})
