import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Connection } from '../../../src/contract/connection.ts'
import type { ControlChange } from '../../../src/contract/control.ts'
import type { GuestName } from '../../../src/contract/names.ts'
import { inGuest, linux, TestHome, until, windows } from '../../support/diptych.ts'
import { readExposition } from '../../support/exposition.ts'

const hasPromtool = spawnSync('promtool', ['--version']).status === 0

let home: TestHome
let connection: Connection
let served: { url: string; processId: number }
const client = () => connection.client

beforeAll(async () => {
  home = new TestHome()
  const up = await home.run('up')
  if (up.exitCode !== 0) throw new Error(up.stderr)
  served = await home.serve()
  connection = await home.connect()
  await until(async () => (await client().guest.list()).filter(({ view }) => view.agent === 'live').length === 2, 'both agents')
})
afterAll(async () => {
  connection?.close()
  await home.dispose()
})

const view = async (name: GuestName) => (await client().guest.get({ name })).view
const set = (name: GuestName, change: ControlChange, force = false) => client().guest.set({ name, change, waitMs: 60_000, force })
const shell = async (name: GuestName, line: string) => (await client().guest.exec({ name, path: '/bin/sh', args: ['-c', line], timeoutMs: 60_000 })).stdout.trim()
const totalMiB = async (name: GuestName) => (JSON.parse(await inGuest(connection, name, 'memory')) as { MemTotalKiB: number }).MemTotalKiB / 1024
/** Pages of 4 KiB that the guest's own balloon driver holds. */
const ballooned = async (name: GuestName) => {
  const count = (key: string) => shell(name, `sed -n 's/^balloon_${key} //p' /proc/vmstat`).then(Number)
  return ((await count('inflate')) - (await count('deflate'))) / 256
}
/** Asks for the memory, and expects it to arrive within the 2 MiB that a balloon's last pages may take. */
async function arrives(name: GuestName, memory: number): Promise<void> {
  const { results } = await set(name, { memory })
  expect(results.memory?.status).toBe('settled')
  expect(Math.abs((results.memory?.effective ?? 0) - memory)).toBeLessThanOrEqual(2)
}
const processors = async (name: GuestName) => Number(await shell(name, 'nproc'))

describe('the mixer, measured in the guests', () => {
  test('a second vCPU asks first where all CPUs are promised, and is there when confirmed', async () => {
    const budget = await client().host.budget()
    if (budget.cpu.free < 100) await expect(set(linux, { vcpus: 2 })).rejects.toMatchObject({ code: 'REFUSED', data: { code: 'over-budget' } })
    expect((await set(linux, { vcpus: 2 }, true)).results.vcpus).toMatchObject({ requested: 2, effective: 2, status: 'settled' })
    expect(await processors(linux)).toBe(2)
  })

  test('memory goes above what it booted with, and comes back; below, the balloon holds it', async () => {
    const before = await totalMiB(linux)
    const { maximum } = (await view(linux)).controls.memory
    expect(maximum).toBeGreaterThan(512)
    await arrives(linux, 512 + 256)
    await until(async () => (await totalMiB(linux)) >= before + 250, 'the guest to use what was added')
    await arrives(linux, 512)
    await until(async () => (await totalMiB(linux)) <= before + 1, 'the guest to give it back')
    const held = await ballooned(linux)
    const target = 384 // well above its floor: about 95 MiB in use, and 120 MiB that its kernel keeps
    await arrives(linux, target)
    expect((await ballooned(linux)) - held).toBeGreaterThanOrEqual(512 - target - 4)
  })

  test('a guest that runs short gets memory back within seconds, whatever was asked, and the rule is on record', async () => {
    const { minimum } = (await view(linux)).controls.memory
    await set(linux, { memory: minimum })
    const before = (await view(linux)).controls.memory.effective ?? 0
    // tmpfs is memory that nobody can take away
    await shell(linux, `mkdir -p /tmp/full && mount -t tmpfs -o size=400m none /tmp/full && (dd if=/dev/zero of=/tmp/full/x bs=1M count=${Math.round(minimum / 2)} >/dev/null 2>&1 &)`)
    await until(async () => ((await view(linux)).controls.memory.effective ?? 0) > before, 'memory to come back')
    await until(async () => (await client().guest.activity({ name: linux, limit: 50 })).some(({ rule }) => rule === 'memory.guard'), 'the record')
    expect((await view(linux)).controls.memory.note).toContain('ran short of memory')
    await shell(linux, 'umount /tmp/full')
    await set(linux, { memory: 512 })
  })

  test('a crossfade moves CPU and memory from one to the other and keeps the sums; undo brings all back', async () => {
    await set(linux, { vcpus: 1 })
    const before = await Promise.all([linux, windows].map(view))
    const sum = before.reduce((total, { controls }) => total + (controls.memory.requested ?? 0), 0)
    const result = await client().guest.crossfade({ left: linux, right: windows, share: 0.75, waitMs: 60_000 })
    const after = await Promise.all([linux, windows].map(view))
    expect(after.reduce((total, { controls }) => total + (controls.memory.requested ?? 0), 0)).toBe(sum)
    expect(after[0]?.controls.memory.effective).toBeLessThan(before[0]?.controls.memory.effective ?? 0)
    expect(await processors(windows)).toBe(2)
    for (const { name, change } of result.undo) await set(name, change, true)
    const undone = await Promise.all([linux, windows].map(view))
    for (const [index, { controls }] of undone.entries()) {
      for (const name of ['memory', 'cpuCap', 'vcpus'] as const) expect(controls[name].requested).toBe(before[index]?.controls[name].requested)
    }
    expect(await processors(windows)).toBe(1)
  })

  test('a priority sets several at once; what the kernel would not take is not written down', async () => {
    await set(linux, { priority: 'low' })
    expect(await view(linux)).toMatchObject({ priority: 'low', controls: { cpuWeight: { effective: 20 }, diskIops: { effective: 500 }, diskBandwidth: { effective: 20_000_000 } } })
    const perSecond = async () => (JSON.parse(await inGuest(connection, linux, 'busy', '4')) as { perSecond: number }).perSecond
    const low = await perSecond()
    await set(linux, { priority: 'star' })
    // What else this computer does may leave less than there was before: until it leaves more.
    if ((await view(linux)).controls.cpuCap.applies === 'live') await until(async () => (await perSecond()) > low * 1.3, 'more of the CPU than a low priority is given')
    await expect(set(linux, { cpuWeight: 20_000 })).rejects.toMatchObject({ data: { code: 'out-of-range' } })
    expect(readFileSync(join(home.directory, 'data', 'guests', 'linux', 'guest.yaml'), 'utf8')).toMatch(/cpuWeight: 1000/)
    await set(linux, { priority: 'normal' })
  })

  test('a host that is killed is replaced by one that reads everything back', async () => {
    expect((await set(linux, { cpuWeight: 250, diskIops: 700, vcpus: 2 }, true)).results.vcpus).toMatchObject({ effective: 2 })
    connection.close()
    await home.crash()
    served = await home.serve()
    connection = await home.connect()
    await until(async () => (await view(linux)).controls.vcpus.effective === 2, 'the vCPUs to be read back')
    expect((await view(linux)).controls).toMatchObject({ cpuWeight: { requested: 250, effective: 250 }, diskIops: { requested: 700, effective: 700 }, vcpus: { requested: 2, effective: 2 } })
    expect(await processors(linux)).toBe(2)
    await set(linux, { priority: 'normal', vcpus: 1 })
  })

  test('an idle guest weighs less until it works again, and its file says nothing of that', async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- `then` is the rule's own word, and never a function
    await client().guest.setPolicies({ name: windows, policies: { idle: { after: '3s', then: 'weight=10' } } })
    await until(async () => (await view(windows)).controls.cpuWeight.effective === 10, 'the guest to weigh less')
    expect(readFileSync(join(home.directory, 'data', 'guests', 'windows', 'guest.yaml'), 'utf8')).toMatch(/cpuWeight: 100/)
    // As long as it takes: weighed at 10 it gets little of a computer that others keep busy.
    await shell(windows, '(diptych-busy 600 >/dev/null 2>&1 </dev/null &)')
    await until(async () => (await view(windows)).controls.cpuWeight.effective === 100, 'the guest to weigh as before')
    await shell(windows, 'killall diptych-busy || pkill -f diptych-busy')
    const rules = (await client().guest.activity({ name: windows, limit: 50 })).map(({ rule }) => rule)
    expect(rules).toContain('idle: after 3s, weight=10')
    await client().guest.setPolicies({ name: windows, policies: {} })
  })

  /** What /metrics answers to who sends these headers. */
  function metrics(headers: Record<string, string>): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: new URL(served.url).port, path: '/metrics', headers }, (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8'))).on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      })
        .on('error', reject)
        .end()
    })
  }
  const bearer = () => ({ authorization: `Bearer ${new URLSearchParams(new URL(served.url).hash.slice(1)).get('token') ?? ''}` })

  test('metrics are answered to who bears the token, in a form that Prometheus reads', async () => {
    expect((await metrics({})).status).toBe(403)
    expect((await metrics({ authorization: `Bearer ${'0'.repeat(64)}` })).status).toBe(403)
    const { status, text } = await metrics(bearer())
    expect(status).toBe(200)
    const families = readExposition(text)
    expect(families.get('diptych_guest_cpu_seconds_total')?.samples.get('guest="linux"')).toBeGreaterThan(0)
    expect(families.get('diptych_guest_control_effective')?.samples.get('guest="windows",control="memory",unit="MiB"')).toBeGreaterThan(0)
    expect(families.get('diptych_guest_network_receive_bytes_total')?.samples.get('guest="linux",network="stage"')).toBeGreaterThan(0)
  })

  test.skipIf(!hasPromtool)(`Prometheus's own checker has no complaint${hasPromtool ? '' : " (skipped: promtool, of Debian's package prometheus, is not installed)"}`, async () => {
    const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], { input: (await metrics(bearer())).text, encoding: 'utf8' })
    expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 })
  })

  test('top, budget and history show the guests from the command line', async () => {
    const top = await home.run('top', '--once')
    expect(top.stdout).toMatch(/^linux +\d+%/m)
    const budget = JSON.parse((await home.run('budget', '--json')).stdout) as { memory: { promised: number } }
    expect(budget.memory.promised).toBeGreaterThanOrEqual(1_280)
    expect((await home.run('history', '--span', 'minute')).stdout).toMatch(/^\d{4}-.*,linux,/m)
  })
})
