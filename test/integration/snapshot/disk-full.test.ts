import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GuestName } from '../../../src/contract/names.ts'
import { idleDisk } from '../../../src/node/qemu/disk-snapshot.ts'
import { keptDisks } from '../../../src/node/qemu/kept-disk.ts'
import { entries, processesOf, tinyGuest, until } from '../engine/fixture.ts'
import { countInGuest, demandSound, Rig } from './rig.ts'

const one = GuestName.parse('one')

describe.skipIf(process.getuid?.() !== 0)('on a full disk (needs root: mounts a small file system)', () => {
  const home = mkdtempSync('/tmp/df-')
  const data = join(home, 'data')
  let rig: Rig
  /** Takes all the room there is but `leaveMiB`. */
  const fill = (leaveMiB: number) => {
    free()
    const [, available = '0'] = execFileSync('df', ['--output=avail', '-m', data], { encoding: 'utf8' }).trim().split('\n')
    const room = Math.max(0, Number(available) - leaveMiB)
    execFileSync('dd', ['if=/dev/zero', `of=${join(data, 'filler')}`, 'bs=1M', `count=${room}`], { stdio: 'ignore' })
  }
  const free = () => rmSync(join(data, 'filler'), { force: true })

  beforeAll(async () => {
    mkdirSync(data)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400m', 'tmpfs', data])
    rig = new Rig(home, tinyGuest())
    await rig.open()
    await rig.owner('one').request('start')
    await rig.untilAgent()
    await rig.shell(countInGuest)
    await until('it to count', async () => (await rig.counted()).memory > 2)
  })
  afterAll(() => {
    rig.close()
    for (const pid of processesOf(home)) process.kill(Number(pid), 'SIGKILL')
    execFileSync('umount', ['-l', data])
    rmSync(home, { recursive: true, force: true })
  })

  test('suspending and taking a snapshot say how much room they need, and leave the guest as it was', async () => {
    fill(8)
    for (const attempt of [() => rig.saved.suspending.suspend(one), () => rig.saved.snapshots.take(one, { title: 'never' })]) {
      await expect(attempt()).rejects.toMatchObject({ part: 'disk', message: expect.stringMatching(/Saving takes up to \d+ MiB/) as string, remedy: expect.stringContaining('Make room') as string })
    }
    expect(rig.owner('one').state).toBe('running')
    expect([entries(rig.directory('one')).filter((name) => name !== 'snapshots'), await idleDisk.list(rig.disk()), keptDisks(rig.directory('one'))]).toEqual([['disk.qcow2'], [], []])
    const { memory } = await rig.counted()
    await until('it to count on', async () => (await rig.counted()).memory > memory)
  })

  test('the guest pauses rather than corrupts, says why, and goes on when there is room', async () => {
    fill(1)
    await rig.shell('(dd if=/dev/urandom of=/dev/vda bs=64k seek=16 count=800 conv=fsync 2>/tmp/dd; echo $? > /tmp/dd-status) >/dev/null 2>&1 &')
    await until('it to be paused', () => rig.owner('one').state === 'paused')
    expect(rig.owner('one').view()).toMatchObject({ state: 'paused', detail: expect.stringContaining('ran out of space') as string })
    // Still no room: it pauses again.
    await rig.owner('one').request('resume')
    await until('it to be paused again', () => rig.owner('one').state === 'paused')
    free()
    await rig.owner('one').request('resume')
    await until('the write to end', async () => (await rig.shell('cat /tmp/dd-status 2>/dev/null')) === '0')
    expect(rig.owner('one').view()).toMatchObject({ state: 'running', detail: null })
    await rig.owner('one').request('forceStop')
    await demandSound(rig.disk(), null)
  })
})
