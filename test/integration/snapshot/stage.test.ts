import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GuestName, MacAddress } from '../../../src/contract/names.ts'
import type { StageSnapshotView } from '../../../src/contract/stage.ts'
import type { SwitchClient } from '../../../src/network/client.ts'
import { startOrAdoptSwitch } from '../../../src/node/switch/start-or-adopt.ts'
import { tinyGuest, until } from '../engine/fixture.ts'
import { buildSwitch } from '../switch/built-switch.ts'
import { endHome, Rig } from './rig.ts'

const names = ['one', 'two'] as const

describe('a stage snapshot of two guests on the real switch', () => {
  const home = mkdtempSync('/tmp/dg-')
  let rig: Rig
  let network: SwitchClient
  let snapshot: StageSnapshotView
  /** The numbered lines that have come over so far: one TCP connection brings one every 50 ms. */
  const received = async () => {
    const lines = (await rig.shell('cat /tmp/got')).split('\n').slice(0, -1).map(Number)
    expect(lines).toEqual(lines.map((_, index) => index + 1)) // none lost, none twice
    return lines.length
  }

  beforeAll(async () => {
    network = await startOrAdoptSwitch({ runtime: join(home, 'net'), state: join(home, 'net-state'), entry: await buildSwitch() })
    const ports = new Map<string, string>()
    for (const [index, name] of names.entries()) {
      const mac = MacAddress.parse(`52:54:00:d1:00:0${index + 1}`)
      ports.set(name, (await network.definePort({ guest: GuestName.parse(name), mac })).socketPath)
    }
    rig = new Rig(home, tinyGuest(), names, ports)
    await rig.open()
    for (const name of names) {
      await rig.owner(name).request('start')
      await rig.untilAgent(name)
    }
    const address = await until('the lease of two', async () => /inet addr:([\d.]+)/.exec(await rig.shell('ifconfig eth0', 'two'))?.[1])
    await until('the lease of one', async () => (await rig.shell('ifconfig eth0')).includes('inet addr:'))
    await rig.shell('(n=0; while true; do n=$((n+1)); echo $n; usleep 50000; done | nc -l -p 5000) >/dev/null 2>&1 &', 'two')
    await until('the server', async () => (await rig.shell('netstat -tln', 'two')).includes(':5000'))
    // The client's input stays open: at its end nc would close its side, and the server with it.
    await rig.shell(`(sleep 1000000 | nc ${address} 5000 > /tmp/got) >/dev/null 2>&1 &`)
    await until('the download', async () => (await received()) > 5)
  })
  afterAll(async () => {
    rig.close()
    await network.shutdown()
    endHome(home)
  })

  test('takes both at one instant, while the download goes on', async () => {
    snapshot = await rig.saved.stage.take('all', undefined)
    expect(snapshot).toMatchObject({ parts: [{ guest: 'one', kind: 'live' }, { guest: 'two', kind: 'live' }], unusable: null })
    const { pausedMs, skewMs } = snapshot
    expect(snapshot.bytes, 'the memory of both').toBeGreaterThan(2e6)
    expect(skewMs).toBeLessThan(pausedMs)
    const before = await received()
    await until('the download to go on', async () => (await received()) > before + 5)
  })

  test('brings the whole stage back, with the TCP connection between the guests', async () => {
    for (const name of names) await rig.shell('touch /tmp/later', name)
    await rig.saved.stage.restore(snapshot.id, undefined)
    expect(names.map((name) => [rig.owner(name).state, rig.machine(name).boot])).toEqual([['running', 'restored'], ['running', 'restored']])
    await Promise.all(names.map((name) => rig.untilAgent(name)))
    for (const name of names) expect(await rig.shell('ls /tmp', name)).not.toContain('later')
    const back = await received()
    await until('the download to go on', async () => (await received()) > back + 5)
  })

  test('with one guest off, saves its disk; deleting one part makes it unusable; deleting it takes the rest', async () => {
    await rig.owner('two').request('forceStop')
    const second = await rig.saved.stage.take(undefined, undefined)
    expect(second.parts.map(({ kind }) => kind)).toEqual(['live', 'disk'])
    await rig.saved.stage.restore(second.id, undefined)
    expect(names.map((name) => rig.owner(name).state)).toEqual(['running', 'stopped'])
    const [part = expect.fail('it has no parts')] = second.parts
    await rig.saved.snapshots.delete(part.guest, part.snapshot)
    expect((await rig.saved.stage.list()).map(({ id, unusable }) => [id, unusable])).toEqual([[snapshot.id, null], [second.id, 'The part of one was deleted.']])
    await expect(rig.saved.stage.restore(second.id, undefined)).rejects.toThrow('the part of one was deleted')
    await rig.saved.stage.delete(second.id)
    await rig.saved.stage.delete(snapshot.id)
    expect(await rig.saved.stage.list()).toEqual([])
    for (const name of names) expect((await rig.saved.snapshots.tree(GuestName.parse(name))).snapshots).toEqual([])
  })

  test('when one guest cannot be saved, none is, and all run on', async () => {
    await rig.owner('two').request('start', { boot: 'disk' })
    const taking = rig.saved.stage.take('never', undefined)
    const rejected = expect(taking).rejects.toThrow()
    await rig.owner('two').request('forceStop')
    await rejected
    expect([rig.owner('one').state, await rig.saved.stage.list()]).toEqual(['running', []])
    for (const name of names) expect((await rig.saved.snapshots.tree(GuestName.parse(name))).snapshots).toEqual([])
  })

  test('a force stop of a guest that waits for another one, which is busy, is not kept waiting', async () => {
    await rig.owner('two').request('start', { boot: 'disk' })
    let release: () => void = () => undefined
    const busy = rig.owner('two').request('tend', { work: (hold) => new Promise<void>((resolve) => (release = resolve)).then(() => hold.state()) })
    const cancelled = expect(rig.saved.stage.take('never', undefined)).rejects.toThrow('the snapshot of one was cancelled')
    await until('one takes its part', () => rig.owner('one').view().detail === 'taking a snapshot')
    await rig.owner('one').request('forceStop')
    release()
    await Promise.all([busy, cancelled])
    expect(names.map((name) => rig.owner(name).state)).toEqual(['stopped', 'running'])
    for (const name of names) expect((await rig.saved.snapshots.tree(GuestName.parse(name))).snapshots).toEqual([])
  })
})
