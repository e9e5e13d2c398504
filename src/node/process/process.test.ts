import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeFileAtomicSync } from '../file/atomic.ts'
import { scopePrefix, spawnDetached } from './detached.ts'
import { commandLineHolds, findByArguments, identify, isAlive, signalProcess, waitGone } from './process-identity.ts'
import { runProgram } from './run-program.ts'

let home = ''
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'diptych-process-'))))
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('process identity', () => {
  test('a process is itself, and nobody with another start', () => {
    const own = identify(process.pid) ?? expect.fail('this process is not there')
    expect(isAlive(own)).toBe(true)
    expect(isAlive({ ...own, startTicks: own.startTicks - 1 })).toBe(false)
    expect(signalProcess({ ...own, startTicks: own.startTicks - 1 }, 'SIGKILL')).toBe(false)
    expect(identify(2 ** 22 + 1)).toBeNull()
  })

  test('a killed process is gone, also while its parent has not reaped it', async () => {
    const parent = spawn('sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'ignore'] })
    const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)))
    const identity = identify(pid) ?? expect.fail('the child is not there')
    await expect.poll(() => commandLineHolds(pid, '1000')).toBe(true)
    expect(await waitGone(identity, 20)).toBe(false)
    expect(signalProcess(identity, 'SIGKILL')).toBe(true)
    expect(await waitGone(identity, 60_000)).toBe(true)
    parent.kill('SIGKILL')
  })

  test('one is found by its arguments, whole and in their order', async () => {
    const other = spawn('tail', ['-f', '/dev/null', join(home, 'pid')], { stdio: 'ignore' })
    const kept = spawn('sh', ['-c', 'read line', '-pidfile', join(home, 'pid')])
    await expect.poll(() => findByArguments('-pidfile', join(home, 'pid'))?.pid).toBe(kept.pid)
    expect([findByArguments('-pidfile', home), findByArguments(join(home, 'pid'), '-pidfile')]).toEqual([null, null])
    for (const each of [other, kept]) each.kill('SIGKILL')
  })
})

describe('detached programs', () => {
  test('run in a session of their own, with their output in the log and what they inherit as descriptor 3', async () => {
    const logPath = join(home, 'log')
    const descriptor = await import('node:fs').then(({ openSync }) => openSync('/etc/hostname', 'r'))
    const child = await spawnDetached('/bin/sh', ['-c', 'echo out; echo err >&2; cut -d" " -f6 /proc/$$/stat; echo $$; cat <&3 >/dev/null && echo read'], { logPath, inherit: [descriptor] })
    await new Promise((resolve) => child.once('exit', resolve))
    const [out, err, session, pid, read] = readFileSync(logPath, 'utf8').split('\n')
    expect([out, err, read]).toEqual(['out', 'err', 'read'])
    expect(session).toBe(pid)
    expect(statSync(logPath).mode & 0o077).toBe(0)
  })

  test('one that is not there rejects', async () => {
    await expect(spawnDetached('/no/such', [], { logPath: join(home, 'log') })).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('a systemd user session on cgroup v2 gets a scope, anything less none', () => {
    const env = { XDG_RUNTIME_DIR: '/run/user/1000' }
    expect(scopePrefix('diptych-linux-1', env, 'app-diptych.slice', () => true)).toEqual(expect.arrayContaining(['--user', '--scope', '--unit=diptych-linux-1', '--slice=app-diptych.slice', 'Delegate=yes']))
    expect(scopePrefix('x', {}, undefined, () => true)).toEqual([])
    for (const missing of ['/usr/bin/systemd-run', '/run/user/1000/systemd/private', '/sys/fs/cgroup/cgroup.controllers']) {
      expect(scopePrefix('x', env, undefined, (path) => path !== missing)).toEqual([])
    }
  })
})

test('atomic writes replace the whole file, for its owner only, and leave nothing else', () => {
  const path = join(home, 'f.json')
  writeFileAtomicSync(path, 'a long first version', { durable: true })
  writeFileAtomicSync(path, 'short', { durable: false })
  expect(readFileSync(path, 'utf8')).toBe('short')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(home)).toEqual(['f.json'])
})

test('a tool’s failure is an exit code with its words; only a missing one rejects', async () => {
  expect(await runProgram('sh', ['-c', 'echo a; echo b >&2; exit 4'], { background: true })).toEqual({ exitCode: 4, stdout: 'a\n', stderr: 'b\n' })
  await expect(runProgram('/no/such', [])).rejects.toMatchObject({ code: 'ENOENT' })
})
