import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stageNetwork } from '../../../src/contract/names.ts'
import { EngineFault, type MachineSpec, type StartOptions } from '../../../src/engine/engine.ts'
import { createQemuEngine } from '../../../src/node/qemu/engine.ts'
import { Bench, processesOf, tinyMac } from './fixture.ts'

let bench: Bench
beforeEach(() => (bench = new Bench()))
afterEach(() => bench.end())

const cableTo = (socketPath: string): MachineSpec['nics'] => [{ kind: 'switch', mac: tinyMac, network: stageNetwork, socketPath }]

/** The fault of a start that must fail, after checking that it left nothing behind. */
async function failure(change: Partial<MachineSpec>, options: StartOptions = { from: { kind: 'cold' } }, engine = bench.engine): Promise<EngineFault> {
  const fault: unknown = await engine.start({ ...bench.spec, ...change }, options).then(
    () => expect.fail('the start succeeded'),
    (error: unknown) => error,
  )
  expect(processesOf(bench.home)).toEqual([])
  expect(existsSync(bench.runDirectory)).toBe(false)
  return fault instanceof EngineFault ? fault : expect.fail(`no EngineFault: ${String(fault)}`)
}

test('a missing disk', async () => {
  rmSync(bench.spec.diskPath)
  expect(await failure({})).toMatchObject({ part: 'disk', message: `The disk of tiny is missing: ${bench.spec.diskPath}`, remedy: expect.any(String) as string })
})

test('a missing kernel', async () => {
  const boot = { ...bench.spec.boot, kernelPath: '/no/kernel' } as MachineSpec['boot']
  expect((await failure({ boot })).message).toBe('The kernel of tiny is missing: /no/kernel')
})

test('a disk that is no qcow2', async () => {
  writeFileSync(bench.spec.diskPath, 'not a disk')
  expect(await failure({})).toMatchObject({ part: 'disk', remedy: expect.stringContaining('qemu-img check') as string })
})

test('a disk in use by another program', async () => {
  const holder = spawn('qemu-io', [bench.spec.diskPath], { stdio: ['pipe', 'pipe', 'inherit'] })
  await new Promise((resolve) => holder.stdout.once('data', resolve))
  try {
    expect(await failure({})).toMatchObject({ part: 'disk', message: expect.stringContaining('in use by another program') as string })
  } finally {
    holder.kill()
  }
})

test('no QEMU on PATH', async () => {
  const engine = createQemuEngine({ directories: bench.directories, env: { PATH: '/no/bin' } })
  const fault = await failure({}, undefined, engine)
  expect(fault).toMatchObject({ part: 'qemu', message: 'qemu-system-x86_64 was not found on PATH', remedy: 'apt-get install qemu-system-x86 qemu-utils' })
  await expect(engine.describe()).rejects.toMatchObject({ remedy: fault.remedy })
})

test('a QEMU that is not one', async () => {
  const bin = join(bench.home, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'qemu-system-x86_64'), '#!/bin/sh\necho "no such thing" >&2\nexit 3\n', { mode: 0o755 })
  const engine = createQemuEngine({ directories: bench.directories, env: { PATH: bin } })
  expect((await failure({}, undefined, engine)).message).toContain('no such thing')
})

test('socket paths that are too long', async () => {
  const runtime = join(bench.home, 'x'.repeat(100))
  const engine = createQemuEngine({ directories: { ...bench.directories, runtime } })
  expect(await failure({}, undefined, engine)).toMatchObject({ message: expect.stringContaining('unix sockets allow 107') as string, remedy: expect.stringContaining('DIPTYCH_HOME') as string })
  expect((await failure({ nics: cableTo(`/${'y'.repeat(120)}`) })).message).toContain('unix sockets allow 107')
})

test('more memory than QEMU can map tells QEMU’s own words', async () => {
  expect((await failure({ memoryMiB: 900_000_000 })).message).toMatch(/tiny/)
})

test('no warm state', async () => {
  expect(await failure({}, { from: { kind: 'warm', directory: join(bench.home, 'none') } })).toMatchObject({ part: 'warm', remedy: expect.stringContaining('cold') as string })
  expect(existsSync(bench.spec.diskPath)).toBe(true)
})

test('a cancelled start leaves nothing', async () => {
  for (const afterMs of [0, 5, 40]) {
    const controller = new AbortController()
    const starting = bench.engine.start(bench.spec, { from: { kind: 'cold' }, signal: controller.signal })
    setTimeout(() => controller.abort(new Error('changed my mind')), afterMs)
    const machine = await starting.catch((error: unknown) => error)
    if (machine instanceof Error) expect(machine.message).toBe('changed my mind')
    else for (const adoption of await bench.engine.adopt()) await adoption.machine.quit()
    expect(processesOf(bench.home)).toEqual([])
    expect(existsSync(bench.runDirectory)).toBe(false)
  }
})

test('a switch that is not there yet is no failure: the guest starts without a link', async () => {
  const machine = await bench.engine.start({ ...bench.spec, nics: cableTo(join(bench.home, 'later')) }, { from: { kind: 'cold' } })
  expect(await machine.status()).toBe('running')
  await expect(machine.reconnectNetwork([stageNetwork])).rejects.toMatchObject({ part: 'network', remedy: expect.stringContaining('switch') as string })
  expect(readFileSync(machine.logPaths.engine, 'utf8')).not.toContain('Failed')
  await machine.quit()
})
