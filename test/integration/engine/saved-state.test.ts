import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Machine, SavedReport, StartOptions } from '../../../src/engine/engine.ts'
import { idleDisk } from '../../../src/node/qemu/disk-snapshot.ts'
import { agentAnswers, Bench, entries, namedMemory, processesOf, until } from './fixture.ts'

const shell = async (machine: Machine, script: string) => (await machine.agent.exec('/bin/busybox', ['sh', '-c', script], 300_000)).stdout.trim()
const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')
const onDisk = (machine: Machine) => shell(machine, 'echo 3 > /proc/sys/vm/drop_caches; dd if=/dev/vda bs=7 count=1 2>/dev/null')
const write = (machine: Machine, seven: string) => shell(machine, `printf ${seven} | dd of=/dev/vda; sync`)

describe('saved machines on real QEMU', () => {
  let bench: Bench
  let states: string
  const from = (name: string, beforeRunning?: StartOptions['beforeRunning']): StartOptions => ({ from: { kind: 'restored', directory: join(states, name) }, ...(beforeRunning === undefined ? {} : { beforeRunning }) })
  const save = (machine: Machine, name: string, afterwards: 'run' | 'stand', diskSnapshot: string | null): Promise<SavedReport> => machine.saveState({ directory: join(states, name), diskSnapshot, afterwards })
  const leftovers = () => namedMemory(bench.spec.uuid)

  beforeAll(() => {
    bench = new Bench()
    states = join(bench.home, 'states')
    mkdirSync(states)
  })
  afterAll(() => bench.end())

  test('a machine started cold is saved standing, and goes on from there on its own disk, once or twice', async () => {
    const machine = await bench.engine.start(bench.spec, { from: { kind: 'cold' } })
    await agentAnswers(machine)
    await shell(machine, 'mkdir /tmp/kept; echo remembered > /tmp/kept/note')
    await write(machine, 'saved--')
    await machine.setClipboard('both')
    const report = await save(machine, 'standing', 'stand', null)
    expect(report).toMatchObject({ wasRunning: true, screen: { width: 720, height: 400 } })
    expect(await machine.status()).toBe('paused')
    const standing = statSync(bench.spec.diskPath, { bigint: true })
    await machine.quit()
    // Whoever keeps the state can tell by this that nothing has written to the disk since.
    expect(statSync(bench.spec.diskPath, { bigint: true }).mtimeNs).toBe(standing.mtimeNs)
    expect(entries(join(states, 'standing')).sort()).toEqual(['device.state', 'manifest.json', 'ram.img', 'screen.png'])
    const [ram, allocated] = [digest(join(states, 'standing', 'ram.img')), statSync(join(states, 'standing', 'ram.img'))]
    expect(allocated.blocks * 512).toBeLessThan(allocated.size)
    const again = await bench.engine.start(bench.spec, from('standing'))
    expect([again.boot, again.spec.uuid]).toEqual(['restored', bench.spec.uuid])
    await agentAnswers(again)
    expect(await shell(again, 'cat /tmp/kept/note')).toBe('remembered')
    expect(await onDisk(again)).toBe('saved--')
    expect(leftovers()).toEqual([])
    await again.quit()
    expect(digest(join(states, 'standing', 'ram.img'))).toBe(ram)
  })

  test('one whose host is killed as it begins to run is taken over, and its memory goes with it', async () => {
    const record = join(bench.runDirectory, 'run.json')
    const noted = () => JSON.parse(readFileSync(record, 'utf8')) as { ramPath: string }
    const machine = await bench.engine.start(bench.spec, from('standing', async () => linkSync(noted().ramPath, `${noted().ramPath}-kept`)))
    machine.dispose()
    // What the host was killed before: taking the name of the memory away, and noting that it runs.
    renameSync(`${noted().ramPath}-kept`, noted().ramPath)
    writeFileSync(record, JSON.stringify({ ...noted(), loading: true }))
    expect(leftovers()).toHaveLength(1)
    const [adoption = expect.fail('nothing was adopted')] = await bench.engine.adopt()
    expect(adoption.status).toBe('running')
    expect(leftovers()).toEqual([])
    await agentAnswers(adoption.machine)
    expect(await shell(adoption.machine, 'cat /tmp/kept/note')).toBe('remembered')
    await save(adoption.machine, 'taken over', 'stand', null)
    await adoption.machine.quit()
  })

  test('one whose host is killed when it is loaded and before it runs says so until it is resumed, to every host', async () => {
    const record = join(bench.runDirectory, 'run.json')
    const machine = await bench.engine.start(bench.spec, from('standing'))
    expect(machine.standsLoaded).toBe(false)
    await machine.pause()
    machine.dispose()
    writeFileSync(record, JSON.stringify({ ...(JSON.parse(readFileSync(record, 'utf8')) as object), loading: true }))
    const [first = expect.fail('nothing was adopted')] = await bench.engine.adopt()
    expect([first.status, first.machine.standsLoaded]).toEqual(['paused', true])
    first.machine.dispose()
    const [second = expect.fail('nothing was adopted')] = await bench.engine.adopt()
    expect([second.status, second.machine.standsLoaded]).toEqual(['paused', true])
    await second.machine.resume()
    await second.machine.pause()
    second.machine.dispose()
    const [third = expect.fail('nothing was adopted')] = await bench.engine.adopt()
    expect([third.status, third.machine.standsLoaded]).toEqual(['paused', false])
    await third.machine.quit()
  })

  test('a restored machine is saved while it runs, memory and disk at one instant', async () => {
    const machine = await bench.engine.start(bench.spec, from('standing'))
    await agentAnswers(machine)
    await write(machine, 'first--')
    await save(machine, 'first', 'run', 'snap-first')
    expect(existsSync(join(states, 'first', 'ram.img'))).toBe(true)
    expect(await machine.status()).toBe('running')
    await agentAnswers(machine)
    await write(machine, 'second-')
    // A paused machine can be saved too, and again, and stays paused.
    await machine.pause()
    expect(await save(machine, 'second', 'run', 'snap-second')).toMatchObject({ wasRunning: false })
    await save(machine, 'third', 'run', 'snap-third')
    expect(await machine.status()).toBe('paused')
    await machine.deleteDiskSnapshot('snap-third')
    await machine.quit()
    execFileSync('qemu-img', ['check', '-q', bench.spec.diskPath])
    expect(await idleDisk.list(bench.spec.diskPath)).toEqual(['snap-first', 'snap-second'])
    for (const [name, text] of [['first', 'first--'], ['second', 'second-']] as const) {
      await idleDisk.apply(bench.spec.diskPath, `snap-${name}`)
      const back = await bench.engine.start(bench.spec, from(name))
      await agentAnswers(back)
      expect(await onDisk(back)).toBe(text)
      await back.quit()
    }
    execFileSync('qemu-img', ['check', '-q', bench.spec.diskPath])
  })

  test('a warm-started machine, whose memory is its own, is saved whole', async () => {
    const cold = await bench.engine.start(bench.spec, { from: { kind: 'savable' } })
    await agentAnswers(cold)
    await cold.save(join(bench.home, 'warm'))
    await cold.quit()
    const machine = await bench.engine.start(bench.spec, { from: { kind: 'warm', directory: join(bench.home, 'warm') } })
    await agentAnswers(machine)
    await shell(machine, 'echo whole > /tmp/note')
    await save(machine, 'whole', 'stand', null)
    await machine.quit()
    expect(entries(join(states, 'whole'))).not.toContain('ram.img')
    const again = await bench.engine.start(bench.spec, from('whole'))
    await agentAnswers(again)
    expect(await shell(again, 'cat /tmp/note')).toBe('whole')
    // Its memory is shared now: saved the quick way.
    await save(again, 'quick', 'stand', null)
    expect(entries(join(states, 'quick'))).toContain('ram.img')
    await again.quit()
  })

  test('whoever refuses before it runs keeps it from running; several can wait for each other', async () => {
    await expect(bench.engine.start(bench.spec, from('quick', () => Promise.reject(new Error('not yet'))))).rejects.toThrow(/not yet/)
    expect(processesOf(bench.home)).toEqual([])
    expect(leftovers()).toEqual([])
    const seen: string[] = []
    const machine = await bench.engine.start(bench.spec, from('quick'))
    await machine.saveState({
      directory: join(states, 'steps'),
      diskSnapshot: null,
      afterwards: 'run',
      gates: {
        ready: async () => void seen.push(await machine.status()),
        paused: async () => void seen.push(await machine.status()),
        written: async () => void seen.push('written'),
      },
    })
    expect(seen).toEqual(['running', 'paused', 'written'])
    const fails = { ready: async () => undefined, paused: async () => undefined, written: () => Promise.reject(new Error('another machine failed')) }
    await expect(machine.saveState({ directory: join(states, 'failed'), diskSnapshot: 'never', afterwards: 'run', gates: fails })).rejects.toThrow('another machine failed')
    expect([existsSync(join(states, 'failed')), await machine.status(), await idleDisk.list(bench.spec.diskPath)]).toEqual([false, 'running', []])
    await machine.quit()
  })

  test('a machine that is saved while its firmware runs, and reset after it was restored, boots to the end each time', async () => {
    const machine = await bench.engine.start(bench.spec, { from: { kind: 'cold' } })
    await save(machine, 'early', 'stand', null) // before its firmware can have read the kernel
    await machine.quit()
    const back = await bench.engine.start(bench.spec, from('early'))
    await agentAnswers(back)
    const bootId = () => shell(back, 'cat /proc/sys/kernel/random/boot_id').catch(() => null)
    const first = await until('the system that goes on', bootId)
    await back.reset()
    expect(await until('the system after the reset', async () => ((await agentAnswers(back)), (await bootId()) ?? first) !== first)).toBe(true)
    await back.quit()
  })

  test('a damaged state, other hardware and another machine are refused before anything is touched', async () => {
    const before = digest(bench.spec.diskPath)
    truncateSync(join(states, 'steps', 'ram.img'), 4096)
    await expect(bench.engine.start(bench.spec, from('steps'))).rejects.toMatchObject({ part: 'saved state', message: expect.stringContaining('ram.img is missing') as string })
    await expect(bench.engine.start({ ...bench.spec, uuid: crypto.randomUUID() }, from('quick'))).rejects.toThrow('another machine')
    // Hardware changed meanwhile does not matter: the state brings its own.
    const machine = await bench.engine.start({ ...bench.spec, memoryMiB: 256, vcpus: 2 }, from('quick'))
    expect(machine.spec).toMatchObject({ memoryMiB: 192, vcpus: 1 })
    await until('it to run', async () => (await machine.status()) === 'running')
    await machine.quit()
    expect([existsSync(bench.runDirectory), digest(bench.spec.diskPath) === before]).toEqual([false, true])
  })
})
