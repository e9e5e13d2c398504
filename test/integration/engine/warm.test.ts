import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Machine } from '../../../src/engine/engine.ts'
import { residentMiB } from '../../../src/node/process/process-identity.ts'
import { agentAnswers, Bench, entries, namedMemory, processesOf, recordEvents, until } from './fixture.ts'

const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')
const shell = async (machine: Machine, script: string) => (await machine.agent.exec('/bin/busybox', ['sh', '-c', script], 300_000)).stdout.trim()

describe('warm states on real QEMU', () => {
  let bench: Bench
  let directory: string
  let template: string
  const warm = () => ({ from: { kind: 'warm' as const, directory } })
  const spares = () => entries(join(directory, 'spares'))

  beforeAll(async () => {
    bench = new Bench()
    directory = join(bench.directories.cache, 'warm')
    const machine = await bench.engine.start(bench.spec, { from: { kind: 'savable' } })
    await agentAnswers(machine)
    await shell(machine, 'mkdir /tmp/kept; echo remembered > /tmp/kept/note; dd if=/dev/zero bs=1M count=1 of=/dev/vda seek=3; printf on-disk | dd of=/dev/vda; sync')
    await machine.setClipboard('both')
    const events = recordEvents(machine)
    const { pausedMs } = await machine.save(directory)
    expect(pausedMs).toBeGreaterThan(0)
    expect(await machine.status()).toBe('running')
    expect(events.map(({ type }) => type)).toContain('resumed')
    await agentAnswers(machine)
    await machine.quit()
    await bench.engine.settled()
    template = digest(join(directory, 'ram.img'))
  })
  afterAll(() => bench.end())

  test('a saved state is whole, private to its owner, and has a spare waiting', () => {
    expect(entries(directory).sort()).toEqual(['device.state', 'manifest.json', 'ram.img', 'spares'])
    expect(statSync(join(directory, 'ram.img')).mode & 0o077).toBe(0)
    expect(spares()).toEqual([expect.stringMatching(/^spare-/) as string])
    expect(namedMemory(bench.spec.uuid)).toEqual([])
    expect(JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8'))).toMatchObject({ form: 1, memoryMiB: 192 })
  })

  test('a warm machine goes on where it was, on a disk of its own', async () => {
    const before = digest(bench.spec.diskPath)
    const machine = await bench.engine.start(bench.spec, warm())
    expect(machine.boot).toBe('warm')
    expect(await machine.status()).toBe('running')
    expect(spares().filter((name) => name.startsWith('taken'))).toEqual([])
    await agentAnswers(machine)
    expect(await shell(machine, 'cat /tmp/kept/note; dd if=/dev/vda bs=7 count=1 2>/dev/null')).toBe('remembered\non-disk')
    await shell(machine, 'printf changed | dd of=/dev/vda; sync')
    await machine.quit()
    expect(digest(`${bench.spec.diskPath}.previous`)).toBe(before)
    expect(digest(join(directory, 'ram.img'))).toBe(template)
  })

  test('the next one knows nothing of it; balloon and free pages give memory back and never touch the template', async () => {
    const machine = await bench.engine.start(bench.spec, warm())
    await agentAnswers(machine)
    expect(await shell(machine, 'dd if=/dev/vda bs=7 count=1 2>/dev/null')).toBe('on-disk')
    // Fill memory with what is not zero, then free it: the pages are resident on the host until the balloon takes them.
    await shell(machine, 'dd if=/dev/urandom of=/tmp/fill bs=1M count=60 2>/dev/null; rm /tmp/fill')
    await shell(machine, 'dd if=/dev/urandom of=/tmp/fill bs=1M count=60 2>/dev/null')
    const full = residentMiB(machine.processId)
    await shell(machine, 'rm /tmp/fill; echo 3 > /proc/sys/vm/drop_caches')
    await machine.setMemory(80)
    await until('the balloon', async () => (await machine.balloon()).actualMiB <= 100 || null)
    await until('host memory to fall', () => residentMiB(machine.processId) < full - 30 || null)
    expect(digest(join(directory, 'ram.img'))).toBe(template)
    await machine.setMemory(bench.spec.memoryMiB)
    await until('the balloon to deflate', async () => (await machine.balloon()).actualMiB >= bench.spec.memoryMiB - 1 || null)
    expect(await shell(machine, 'cat /tmp/kept/note')).toBe('remembered')
    await expect(machine.save(directory)).rejects.toThrow('was not started so that it can be saved')
    await machine.quit()
    expect(digest(join(directory, 'ram.img'))).toBe(template)
  })

  test('a spare is made for the next start; without one the start makes its own', async () => {
    await bench.engine.settled()
    expect(spares().filter((name) => name.startsWith('spare-'))).toHaveLength(1)
    for (let round = 0; round < 2; round++) {
      const machine = await bench.engine.start(bench.spec, warm())
      await agentAnswers(machine)
      await machine.quit()
    }
    expect(spares().filter((name) => !name.startsWith('spare-'))).toEqual([])
  })

  test('a spare that was made before the warm state was moved is not used', async () => {
    await bench.engine.settled()
    expect(spares().filter((name) => name.startsWith('spare-'))).toHaveLength(1)
    const there = directory
    directory = `${there}-moved`
    const move = (from: string, to: string) => ['', '.disks'].forEach((end) => renameSync(from + end, to + end))
    move(there, directory)
    try {
      const machine = await bench.engine.start(bench.spec, warm())
      await agentAnswers(machine)
      await machine.quit()
      await bench.engine.settled()
    } finally {
      move(directory, there)
      directory = there
    }
    const back = await bench.engine.start(bench.spec, warm()) // not on the spare that was made there either
    await agentAnswers(back)
    await back.quit()
  })

  test('other hardware is refused before anything is touched', async () => {
    const disk = digest(bench.spec.diskPath)
    const other = { ...bench.spec, memoryMiB: 256 }
    expect(await bench.engine.warmKey(other)).not.toBe(await bench.engine.warmKey(bench.spec))
    await expect(bench.engine.start(other, warm())).rejects.toMatchObject({ part: 'warm', remedy: expect.stringContaining('cold') as string })
    expect(digest(bench.spec.diskPath)).toBe(disk)
    expect(existsSync(bench.runDirectory)).toBe(false)
  })

  test('a guest’s disk outlives the warm state it came from', async () => {
    const machine = await bench.engine.start(bench.spec, { from: { kind: 'savable' } })
    await agentAnswers(machine)
    expect(await shell(machine, 'dd if=/dev/vda bs=7 count=1 2>/dev/null')).toBe('on-disk')
    await machine.save(directory)
    await machine.quit()
    // The disk stands on the first save's frozen one; the second save must have kept it.
    execFileSync('qemu-img', ['check', '-q', bench.spec.diskPath])
    expect(JSON.parse(execFileSync('qemu-img', ['info', '--backing-chain', '--output=json', bench.spec.diskPath], { encoding: 'utf8' }))).toHaveLength(3)
    const again = await bench.engine.start(bench.spec, warm())
    await agentAnswers(again)
    await again.quit()
  })

  test('a damaged state is refused, and a broken device state fails cleanly with the disk put back', async () => {
    const disk = digest(bench.spec.diskPath)
    const state = join(directory, 'device.state')
    const good = readFileSync(state)
    writeFileSync(state, Buffer.from(good).fill(0x5a, 4096))
    await expect(bench.engine.start(bench.spec, warm())).rejects.toMatchObject({ name: 'EngineFault' })
    expect(processesOf(bench.home)).toEqual([])
    expect(existsSync(bench.runDirectory)).toBe(false)
    expect(digest(bench.spec.diskPath)).toBe(disk)
    writeFileSync(state, good)
    truncateSync(join(directory, 'ram.img'), 4096)
    await expect(bench.engine.start(bench.spec, warm())).rejects.toMatchObject({ part: 'warm', message: expect.stringContaining('ram.img is missing or has another size') as string })
  })

  test.skipIf(process.getuid?.() !== 0)('a full disk fails the save, leaves no half state, and the guest runs on (needs root: mounts a small file system)', async () => {
    const small = join(bench.home, 'small')
    mkdirSync(small)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', small])
    try {
      const machine = await bench.engine.start(bench.spec, { from: { kind: 'savable' } })
      await agentAnswers(machine)
      await expect(machine.save(join(small, 'warm'))).rejects.toMatchObject({ part: 'disk', remedy: expect.stringContaining('Make room') as string })
      expect(await machine.status()).toBe('running')
      expect(entries(small)).toEqual(['warm.disks'])
      expect(entries(join(small, 'warm.disks'))).toEqual([])
      // The next try, where there is room, works.
      await machine.save(join(bench.home, 'roomy'))
      await agentAnswers(machine)
      await machine.quit()
    } finally {
      execFileSync('umount', [small])
    }
  })
})
