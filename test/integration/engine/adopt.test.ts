import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createQemuEngine } from '../../../src/node/qemu/engine.ts'
import { runLayout } from '../../../src/node/qemu/layout.ts'
import { startTpm, tpmEnded } from '../../../src/node/qemu/tpm.ts'
import { identify } from '../../../src/node/process/process-identity.ts'
import { agentAnswers, Bench, isThere, recordEvents, until } from './fixture.ts'

let bench: Bench
beforeEach(() => (bench = new Bench()))
afterEach(() => bench.end())

/** Bundles host-process.ts, runs it, and kills it with SIGKILL once its machine runs. Returns QEMU's process id. */
async function hostThatDies(): Promise<number> {
  const out = join(bench.home, 'host')
  await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: { ssr: fileURLToPath(new URL('host-process.ts', import.meta.url)), outDir: out, rolldownOptions: { output: { entryFileNames: 'host.mjs' } } },
  })
  writeFileSync(join(out, 'order.json'), JSON.stringify({ spec: bench.spec, directories: bench.directories }))
  const host = spawn(process.execPath, [join(out, 'host.mjs'), join(out, 'order.json')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const pid = await new Promise<number>((resolve, reject) => {
    host.stdout.setEncoding('utf8').once('data', (text: string) => resolve(Number(text.split(' ')[1])))
    host.once('exit', () => reject(new Error('the host ended by itself')))
  })
  host.kill('SIGKILL')
  await new Promise((resolve) => host.once('exit', resolve))
  return pid
}

describe('machines outlive their host', () => {
  test('after SIGKILL of the host a new one adopts its machine as it is, and can do all with it', async () => {
    const pid = await hostThatDies()
    expect(isThere(pid)).toBe(true)
    const adopted = await bench.engine.adopt()
    expect(adopted).toHaveLength(1)
    const [{ machine, spec, status } = expect.fail('nothing was adopted')] = adopted
    expect(machine.processId).toBe(pid)
    expect(spec).toEqual(bench.spec)
    expect(status).toBe('running')
    expect(Math.abs(Date.now() - machine.startedAtMs)).toBeLessThan(600_000)
    await agentAnswers(machine)
    const directory = join(bench.directories.cache, 'warm')
    await machine.save(directory)
    expect(existsSync(join(directory, 'manifest.json'))).toBe(true)
    const events = recordEvents(machine)
    // The end of an adopted machine is noticed although it is not our child.
    process.kill(pid, 'SIGKILL')
    expect(await until('the end', () => events.find((event) => event.type === 'exited'))).toMatchObject({ expected: false })
    expect(existsSync(bench.runDirectory)).toBe(false)
    expect(await bench.engine.adopt()).toEqual([])
  })

  test('letting go leaves the machine alone; the same process may adopt it again', async () => {
    const first = await bench.engine.start(bench.spec, { from: { kind: 'cold' } })
    await agentAnswers(first)
    first.dispose()
    expect(isThere(first.processId)).toBe(true)
    const [adoption = expect.fail('nothing was adopted')] = await createQemuEngine({ directories: bench.directories }).adopt()
    expect(adoption.machine.processId).toBe(first.processId)
    // Whoever listens late still hears that the agent is there.
    await new Promise((resolve) => setTimeout(resolve, 500))
    const events = recordEvents(adoption.machine)
    await until('the agent', () => events.some((event) => event.type === 'agent' && event.open) || null)
    await expect(bench.engine.start(bench.spec, { from: { kind: 'cold' } })).rejects.toThrow(`tiny is already running (process ${first.processId})`)
    await adoption.machine.quit()
    expect(existsSync(bench.runDirectory)).toBe(false)
  })
})

describe('left-overs', () => {
  const record = (change: object) => ({ form: 1, spec: bench.spec, process: null, boot: 'cold', ramPath: null, savable: false, startedAtMs: 1, ...change })
  const leave = (content: object | string) => {
    mkdirSync(bench.runDirectory, { recursive: true })
    writeFileSync(join(bench.runDirectory, 'run.json'), typeof content === 'string' ? content : JSON.stringify(content))
  }
  /** What an earlier host noted of its machine. */
  const change = (values: object) => {
    const path = join(bench.runDirectory, 'run.json')
    writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...values }))
  }

  test('another process with the same number is neither adopted nor harmed', async () => {
    const own = identify(process.pid)
    leave(record({ process: { pid: process.pid, startTicks: (own?.startTicks ?? 0) - 1 } }))
    expect(await bench.engine.adopt()).toEqual([])
    expect(existsSync(bench.runDirectory)).toBe(false)
  })

  test('a live process that does not answer is left alone', async () => {
    leave(record({ process: identify(process.pid) }))
    expect(await bench.engine.adopt()).toEqual([])
    expect(existsSync(bench.runDirectory)).toBe(true)
  })

  test.each([['not JSON', '{'], ['another form', '{"form":99}'], ['nothing started', 'start']])('%s is swept', async (_, text) => {
    const ram = join(bench.home, 'x.ram')
    writeFileSync(ram, '')
    leave(text === 'start' ? record({ ramPath: ram }) : text)
    expect(await bench.engine.adopt()).toEqual([])
    expect(existsSync(bench.runDirectory)).toBe(false)
    if (text === 'start') expect(existsSync(ram)).toBe(false)
  })

  test('a QEMU whose host died before it came to write its pid file is ended, then swept', async () => {
    const machine = await bench.engine.start(bench.spec, { from: { kind: 'cold' } })
    machine.dispose()
    change({ process: null })
    rmSync(join(bench.runDirectory, 'pid'))
    expect(await bench.engine.adopt()).toEqual([])
    await until('its end', () => identify(machine.processId) === null || null)
    expect(existsSync(bench.runDirectory)).toBe(false)
  })

  test('a machine that was being loaded and never ran is ended; one that runs is taken over, and not taken for such again', async () => {
    const machine = await bench.engine.start(bench.spec, { from: { kind: 'cold' } })
    machine.dispose()
    change({ boot: 'cloned', loading: true })
    const [running = expect.fail('nothing was adopted')] = await bench.engine.adopt()
    await running.machine.pause()
    running.machine.dispose()
    const [paused = expect.fail('nothing was adopted')] = await bench.engine.adopt()
    expect(paused.status).toBe('paused')
    paused.machine.dispose()
    change({ loading: true })
    expect(await bench.engine.adopt()).toEqual([])
    await until('its end', () => identify(machine.processId) === null || null)
    expect(existsSync(bench.runDirectory)).toBe(false)
  })

  test('a TPM whose host died before it came to write its pid file is ended, too', async () => {
    const layout = runLayout(bench.directories, bench.spec.name)
    const spec = { ...bench.spec, tpm: true }
    leave(record({ spec }))
    mkdirSync(layout.logs.directory, { recursive: true })
    await startTpm(spec, layout)
    rmSync(join(bench.runDirectory, 'tpm.pid'), { force: true })
    expect(await bench.engine.adopt()).toEqual([])
    await tpmEnded(bench.directories.data)
    expect(existsSync(bench.runDirectory)).toBe(false)
  })

  test('a QEMU that does not listen yet, started this moment by a host that died, is waited for', async () => {
    const machine = await bench.engine.start(bench.spec, { from: { kind: 'cold' } })
    machine.dispose()
    const socket = join(bench.runDirectory, 'qmp')
    renameSync(socket, `${socket}-later`)
    const adopting = bench.engine.adopt()
    setTimeout(() => renameSync(`${socket}-later`, socket), 300)
    const [adoption = expect.fail('nothing was adopted')] = await adopting
    expect(adoption.status).toBe('running')
    await adoption.machine.quit()
  })

  test('a QEMU whose host died before noting it is ended, then swept', async () => {
    const machine = await bench.engine.start(bench.spec, { from: { kind: 'cold' } })
    machine.dispose()
    change({ process: null })
    expect(await bench.engine.adopt()).toEqual([])
    await until('its end', () => identify(machine.processId) === null || null)
    expect(existsSync(bench.runDirectory)).toBe(false)
  })
})
