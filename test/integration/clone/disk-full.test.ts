import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { GuestName } from '../../../src/contract/names.ts'
import type { Machine } from '../../../src/engine/engine.ts'
import { until } from '../../support/diptych.ts'
import { maySmallDisk, SmallDisk } from '../../support/small-disk.ts'
import { agentAnswers, Bench, processesOf } from '../engine/fixture.ts'
import { base, CloneHome, tiny } from './clone-home.ts'

const full = { reason: expect.stringMatching(/space|MiB are free|the disk is full/) as string, remedy: expect.stringMatching(/room|space/) as string }
const clone = GuestName.parse('clone')

describe.skipIf(!maySmallDisk)('guests, templates and clones on a disk that fills up (needs root and a loop device: mounts a small file system)', () => {
  let home: CloneHome
  let disk: SmallDisk
  /** The guest and its disk are as they were, and nothing half is left. */
  const demandUnharmed = async (...names: GuestName[]) => {
    expect(home.unfinished()).toEqual([])
    expect(await home.names()).toEqual([tiny, ...names])
    for (const name of [tiny, ...names]) {
      expect((await home.view(name)).state).toBe('running')
      await home.agentLive(name)
      expect(await home.shell(name, 'dd if=/dev/vda bs=4 count=1 2>/dev/null')).toBe('mine')
    }
    expect(processesOf(home.directory).length).toBe(1 + names.length)
  }
  /**
   * Makes a template of the guest, with only so much room once enough was found to be there: until then the guest's QEMU stands
   * still, and with it the host, which waits for its answer.
   */
  const templateWith = async (leaveMiB: number, guest: GuestName) => {
    const [pid = Number.NaN] = processesOf(join(home.directory, 'run', 'g', guest)).map(Number)
    process.kill(pid, 'SIGSTOP')
    try {
      const failing = expect(home.client.template.make({ guest, name: GuestName.parse('never') })).rejects.toMatchObject({ data: full })
      await until(() => home.unfinished().some((name) => name.startsWith('.new-')), 'the template to be begun')
      disk.fill(leaveMiB)
      process.kill(pid, 'SIGCONT')
      await failing
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  }

  beforeAll(async () => {
    home = new CloneHome()
    const guests = join(home.directory, 'guests')
    cpSync(home.data, guests, { recursive: true })
    rmSync(home.data, { recursive: true })
    disk = new SmallDisk(home.data, join(home.directory, 'small.img'), 900)
    cpSync(guests, home.data, { recursive: true })
    await home.open()
    await home.client.guest.start({ name: tiny })
    await home.agentLive(tiny)
    await home.shell(tiny, 'dd if=/dev/urandom of=/dev/vda bs=64k seek=160 count=320 oflag=direct 2>/dev/null; printf mine | dd of=/dev/vda conv=fsync 2>/dev/null')
  })
  afterEach(() => disk.free())
  afterAll(async () => {
    await home.forceStopAll()
    await home.crash()
    disk.unmount()
    await home.dispose()
  })

  test.each([
    ['before its copy of the disk is begun', 0],
    ['while the disk is copied', 8],
    ['before the memory is copied', 64],
  ])('a live template, out of room %s: a clear error, no template, and the guest goes on', async (_, leaveMiB) => {
    await templateWith(leaveMiB, tiny)
    expect(await home.client.template.list()).toEqual([])
    await demandUnharmed()
  })

  test('no room for a guest, a clone and what a clone is to hold of its own: an error, nothing half, and what runs goes on', async () => {
    await home.client.template.make({ guest: tiny, name: base })
    disk.fill(0)
    const refused = (asked: Promise<unknown>) => expect(asked).rejects.toMatchObject({ data: full })
    await refused(home.client.guest.create({ from: { kind: 'empty' }, name: GuestName.parse('empty'), memoryMiB: 128, diskMiB: 16 }))
    await refused(home.client.template.clone({ from: { template: base }, name: clone, force: true }))
    await demandUnharmed()
    disk.free()
    await home.client.template.clone({ from: { template: base }, name: clone, force: true })
    await home.agentLive(clone)
    disk.fill(0)
    await refused(home.client.template.flatten({ guest: clone }))
    expect((await home.client.template.list()).map(({ clones }) => clones)).toEqual([[clone]])
    await demandUnharmed(clone)
  })

  test('a clone’s template, out of room while its memory is copied: a clear error, no template, and the clone goes on', async () => {
    await templateWith(24, clone)
    expect((await home.client.template.list()).map(({ name }) => name)).toEqual([base])
    await demandUnharmed(clone)
  })

  test('a clone that finds no room for what it writes is paused, and goes on when there is room', async () => {
    disk.fill(0)
    const written = expect(home.shell(clone, 'dd if=/dev/urandom of=/dev/vda bs=64k seek=16 count=80 oflag=direct 2>&1 | tail -1')).resolves.toBe('80+0 records out')
    await until(async () => (await home.view(clone)).state === 'paused', 'the clone to be paused')
    expect((await home.view(clone)).detail).toContain('ran out of space')
    expect((await home.view(tiny)).state).toBe('running')
    disk.free()
    await home.client.guest.resume({ name: clone })
    await written
    await demandUnharmed(clone)
    await home.client.guest.stop({ name: clone, mode: 'force' })
    execFileSync('qemu-img', ['check', '-q', join(home.data, 'guests', clone, 'disk.qcow2')])
  })
})

describe.skipIf(!maySmallDisk)('a live template whose disk fills up at a certain moment (needs root and a loop device: mounts a small file system)', () => {
  let bench: Bench
  let machine: Machine
  let disk: SmallDisk
  const room = () => join(bench.home, 'small')

  beforeAll(async () => {
    bench = new Bench()
    disk = new SmallDisk(room(), join(bench.home, 'small.img'), 500)
    machine = await bench.engine.start(bench.spec, { from: { kind: 'cold' } })
    await agentAnswers(machine)
  })
  afterAll(async () => {
    disk.unmount()
    await bench.end()
  })

  test.each([
    ['while the guest stands still and its memory is copied', 'paused', 8],
    ['when the guest goes on and its memory has been copied', 'resumed', 0],
    ['while the copy lets go of its devices', 'letting the copy settle', 0],
  ])('%s: a clear error, nothing left, and the guest goes on', async (_, moment, leaveMiB) => {
    let filled = false
    const at = (now: string) => {
      if (now !== moment || filled) return
      filled = true
      disk.fill(leaveMiB)
    }
    const stop = machine.subscribe(({ type }) => at(type))
    try {
      const directory = join(room(), 'template')
      await expect(machine.makeTemplate({ directory, memory: true, backing: null, progress: at })).rejects.toMatchObject({ part: 'disk', message: expect.stringMatching(/space/) as string, remedy: expect.stringContaining('Make room') as string })
      expect([filled, existsSync(directory)]).toEqual([true, false])
      const incubators = join(bench.directories.runtime, 'i')
      expect(existsSync(incubators) ? readdirSync(incubators) : []).toEqual([])
      expect(processesOf(bench.home)).toEqual([String(machine.processId)])
      expect(await machine.status()).toBe('running')
      await agentAnswers(machine)
    } finally {
      stop()
      disk.free()
    }
  })
})
