import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { GuestName, MacAddress } from '../../../src/contract/names.ts'
import { identify, signalProcess, waitGone } from '../../../src/node/process/process-identity.ts'
import { connectControl } from '../../../src/node/switch/control-client.ts'
import { switchPaths } from '../../../src/node/switch/switch-record.ts'
import { findSwitch, startOrAdoptSwitch } from '../../../src/node/switch/start-or-adopt.ts'
import { until } from '../engine/fixture.ts'
import { buildSwitch } from './built-switch.ts'
import { Endpoint, isTestFrame, testFrame } from './endpoint.ts'

const linux = { guest: GuestName.parse('linux'), mac: MacAddress.parse('52:54:00:d1:00:01') }
const windows = { guest: GuestName.parse('windows'), mac: MacAddress.parse('52:54:00:d1:00:02') }

let entry = ''
let directory = ''
beforeAll(async () => {
  entry = await buildSwitch()
})
afterAll(() => rmSync(dirname(entry), { recursive: true, force: true }))
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dsw-'))
})
afterEach(async () => {
  await (await findSwitch({ runtime: join(directory, 'run') }))?.shutdown()
  rmSync(directory, { recursive: true, force: true })
})

const place = () => ({ runtime: join(directory, 'run'), state: join(directory, 'state'), entry })
const run = (...args: string[]) => spawnSync(process.execPath, [entry, ...args], { encoding: 'utf8', timeout: 300_000 })

describe('the switch process', () => {
  it('is started once and adopted afterwards', async () => {
    expect(await findSwitch(place())).toBeNull()
    const first = await startOrAdoptSwitch(place())
    const lease = await first.definePort(linux)
    first.dispose()
    const second = await startOrAdoptSwitch(place())
    expect(second.processId).toBe(first.processId)
    expect(second.processId).not.toBe(process.pid)
    expect(await second.ports()).toMatchObject([lease])
    await second.shutdown()
    expect(await findSwitch(place())).toBeNull()
    expect(existsSync(join(directory, 'run/switch.json'))).toBe(false)
  })

  it('outlives a host that is killed, and its guests notice nothing', async () => {
    // A host of its own: it starts the switch and waits to be killed.
    const script = join(directory, 'host.mjs')
    const program = `import { spawn } from 'node:child_process'
const child = spawn(process.execPath, ${JSON.stringify([entry, '--runtime', place().runtime, '--state', place().state])}, { detached: true, stdio: 'ignore' })
child.unref(); setInterval(() => {}, 1000)`
    writeFileSync(script, program)
    const host = spawn(process.execPath, [script], { stdio: 'ignore', detached: true })
    const client = await until('the switch to greet', () => findSwitch(place()))
    const a = await Endpoint.open((await client.definePort(linux)).socketPath, linux.mac)
    const b = await Endpoint.open((await client.definePort(windows)).socketPath, windows.mac)
    b.send(testFrame(b.mac, a.mac, 0))
    a.send(testFrame(a.mac, b.mac, 1))
    await until('both to be connected', async () => (await client.ports()).filter((port) => port.meter.connected).length === 2)
    const hostIdentity = identify(host.pid ?? 0)
    process.kill(-(host.pid ?? 0), 'SIGKILL')
    if (hostIdentity !== null) await waitGone(hostIdentity, 300_000)
    a.send(testFrame(a.mac, b.mac, 2))
    await b.receive(isTestFrame(2))
    expect((await findSwitch(place()))?.processId).toBe(client.processId)
    a.close()
    b.close()
  })

  it('is not mistaken for a stale record, and takes the place of one that was killed', async () => {
    const first = await startOrAdoptSwitch(place())
    const identity = identify(first.processId)
    expect(identity).not.toBeNull()
    if (identity === null) return
    const lease = await first.definePort(linux)
    signalProcess(identity, 'SIGKILL')
    await waitGone(identity, 300_000)
    expect(existsSync(join(directory, 'run/switch.json'))).toBe(true)
    expect(await findSwitch(place())).toBeNull()
    const second = await startOrAdoptSwitch(place())
    expect(second.processId).not.toBe(first.processId)
    expect((await second.definePort(linux)).ipv4).toBe(lease.ipv4)
    // A record that names another process than the one that greets is not believed.
    const path = join(directory, 'run/switch.json')
    const record = readFileSync(path, 'utf8')
    writeFileSync(path, record.replace(/"instance":"[^"]*"/, '"instance":"other"'))
    expect(await findSwitch(place())).toBeNull()
    writeFileSync(path, record)
  })

  it('takes the place of one of another release, at the same sockets, with the same leases', async () => {
    const former = join(dirname(entry), 'former.js')
    const greeted = /\bversion: \d+,(\s+processId: process\.pid)/
    const program = readFileSync(entry, 'utf8')
    expect(program).toMatch(greeted)
    writeFileSync(former, program.replace(greeted, 'version: 1,$1'))
    const old = spawn(process.execPath, [former, '--runtime', place().runtime, '--state', place().state], { stdio: 'ignore' })
    const ended = new Promise((resolve) => old.once('exit', resolve))
    try {
      await until('it to serve', () => existsSync(switchPaths(place().runtime).record)) // written when it listens
      await expect(connectControl(switchPaths(place().runtime).control)).rejects.toMatchObject({ code: 'other-version' })
      expect(await findSwitch(place())).toBeNull()
      const client = await startOrAdoptSwitch(place())
      await ended
      expect(client.processId).not.toBe(old.pid)
      expect(await client.definePort(linux)).toMatchObject({ ipv4: '10.77.0.11' })
    } finally {
      old.kill('SIGKILL')
    }
  })

  it.each([
    [[], 2, 'usage:'],
    [['--runtime', 'R'], 2, 'required'],
    [['--runtime', 'R', '--state', 'S', '--colour'], 2, 'usage:'],
    [['--runtime', 'R', '--state', 'S', '--subnet', '10.77.0.5/24'], 2, 'did you mean 10.77.0.0/24'],
    [['--runtime', 'R', '--state', 'S', '--subnet', '8.8.8.0/24'], 2, 'not private'],
    [['--runtime', 'R', '--state', 'S', '--domain', 'Diptych'], 2, 'not a domain'],
    [['--runtime', 'R/'.padEnd(120, 'x'), '--state', 'S'], 2, 'shorter --runtime'],
  ] as const)('refuses %j with exit code %i', (args, code, words) => {
    const result = run(...args.map((arg) => arg.replace(/^([RS])(?=$|\/)/, (name) => join(directory, name))))
    expect([result.status, result.stderr]).toEqual([code, expect.stringContaining(words)])
  })

  it('exits 4 when one runs already, 5 when its leases cannot be read', async () => {
    const first = await startOrAdoptSwitch(place())
    const twice = run('--runtime', place().runtime, '--state', place().state)
    expect([twice.status, twice.stderr]).toEqual([4, expect.stringContaining('a switch already runs there')])
    await first.shutdown()
    writeFileSync(join(directory, 'state/leases.json'), 'half')
    const unreadable = run('--runtime', place().runtime, '--state', place().state)
    expect([unreadable.status, unreadable.stderr]).toEqual([5, expect.stringContaining('repair it, or delete it')])
    await expect(startOrAdoptSwitch(place())).rejects.toThrow('the switch ended at once (exit code 5)')
  })

  it('ends cleanly on SIGTERM', async () => {
    const client = await startOrAdoptSwitch(place())
    const { socketPath } = await client.definePort(linux)
    const identity = identify(client.processId)
    if (identity !== null) signalProcess(identity, 'SIGTERM')
    expect(identity !== null && (await waitGone(identity, 300_000))).toBe(true)
    expect(existsSync(socketPath)).toBe(false)
  })
})
