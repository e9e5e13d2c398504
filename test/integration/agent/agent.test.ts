import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AgentService } from '../../../main/agent-service.ts'
import { TaskService } from '../../../main/task-service.ts'
import { GuestName } from '../../../src/contract/names.ts'
import { Cancelled, Refusal } from '../../../src/contract/refusal.ts'
import type { Machine } from '../../../src/engine/engine.ts'
import { whileFrozen } from '../../../src/engine/frozen.ts'
import type { GuestOwner } from '../../../src/guest/owner.ts'
import { PartialFiles } from '../../../src/node/image/partial-file.ts'
import { Uploads } from '../../../src/node/image/uploads.ts'
import { agentAnswers, Bench } from '../engine/fixture.ts'

/** A real qemu-guest-agent in a real guest, through everything above it but the contract. */
const tiny = GuestName.parse('tiny')
let bench: Bench
let machine: Machine
let service: AgentService
const tasks = new TaskService()
let files = ''

beforeAll(async () => {
  bench = new Bench()
  formatDisk(bench.spec.diskPath)
  machine = await bench.engine.start(bench.spec, { from: { kind: 'cold' } })
  await agentAnswers(machine)
  files = join(bench.home, 'files')
  mkdirSync(files)
  const owner = { demandMachine: () => machine } as unknown as GuestOwner // what the service asks of an owner
  service = new AgentService({ tasks, uploads: new Uploads(join(bench.home, 'uploads')), partials: new PartialFiles(join(bench.home, 'notes')), owner: () => owner })
})
afterAll(() => bench?.end())

/** Puts an empty ext4 file system in place of the guest's empty disk. */
function formatDisk(diskPath: string): void {
  const raw = `${diskPath}.raw`
  execFileSync('/sbin/mke2fs', ['-q', '-t', 'ext4', raw, '64M'])
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, diskPath])
}

const put = (name: string, bytes: Uint8Array, mode = 0o644) => {
  writeFileSync(join(files, name), bytes, { mode })
  return { path: join(files, name) }
}
const inside = async (script: string) => (await machine.agent.exec('/bin/sh', ['-c', script], 300_000)).stdout.trim()

describe('what the agent tells', () => {
  test('is the guest’s system, name and addresses; what it cannot tell is null', async () => {
    const told = await service.inspect(tiny)
    expect(told.os).toEqual({ name: 'Tiny test guest', version: '1', kernel: expect.stringMatching(/^\d/) })
    expect(told.hostName).toBe('tiny')
    expect(told.addresses?.some(({ ipv4 }) => ipv4.includes('127.0.0.1'))).toBe(true)
    expect([told.users, told.fileSystems]).toEqual([expect.toSatisfy((users) => users === null || Array.isArray(users)), expect.toSatisfy((found) => found === null || Array.isArray(found))])
  })

  test('the guest takes another host name', async () => {
    expect(await machine.agent.setHostName('clone-7')).toBe('now')
    expect(await machine.agent.hostName()).toBe('clone-7')
    expect(await inside('cat /etc/hostname')).toBe('clone-7')
  })

  test('the guest takes the time', async () => {
    await machine.agent.setTime(Date.UTC(2031, 5, 1))
    expect(await inside('date -u +%Y-%m-%d')).toBe('2031-06-01')
    await machine.agent.setTime(Date.now())
  })
})

describe('files', () => {
  test('go in and come out as they were, with progress', async () => {
    const bytes = randomBytes(3_000_001)
    const from = put('large.bin', bytes, 0o750)
    const fractions: (number | null)[] = []
    const watching = new AbortController()
    const watched = (async () => {
      for await (const list of tasks.watch(watching.signal)) fractions.push(list[0]?.fraction ?? null)
    })()
    const sent = await service.copyIn({ name: tiny, from, to: '/tmp/', overwrite: false }, undefined)
    expect(sent).toEqual({ path: '/tmp/large.bin', bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })
    expect(await inside('stat -c "%a %s" /tmp/large.bin')).toBe(`750 ${bytes.length}`)
    const back = await service.copyOut({ name: tiny, from: '/tmp/large.bin', to: join(files, 'back.bin'), overwrite: false }, undefined)
    expect(back).toMatchObject({ path: join(files, 'back.bin'), bytes: bytes.length, sha256: sent.sha256 })
    expect(readFileSync(back.path).equals(bytes)).toBe(true)
    expect(statSync(back.path).mode & 0o777).toBe(0o750)
    watching.abort()
    await watched.catch(() => undefined)
    expect(fractions.some((fraction) => fraction !== null && fraction > 0 && fraction < 1)).toBe(true)
  })

  test('are not overwritten unless asked, on either side', async () => {
    const from = put('small', Buffer.from('one'))
    await service.copyIn({ name: tiny, from, to: '/tmp/small', overwrite: false }, undefined)
    await expect(service.copyIn({ name: tiny, from, to: '/tmp/small', overwrite: false }, undefined)).rejects.toThrow(Refusal)
    await service.copyIn({ name: tiny, from: put('small', Buffer.from('two')), to: '/tmp/small', overwrite: true }, undefined)
    expect(await inside('cat /tmp/small')).toBe('two')
    await expect(service.copyOut({ name: tiny, from: '/tmp/small', to: files, overwrite: false }, undefined)).rejects.toThrow(Refusal)
    expect((await service.copyOut({ name: tiny, from: '/tmp/small', to: `${files}/`, overwrite: true }, undefined)).path).toBe(join(files, 'small'))
  })

  test('leave nothing when they are cancelled half-way', async () => {
    const from = put('huge.bin', randomBytes(30_000_000))
    await inside('dd if=/dev/zero of=/tmp/zero bs=1M count=30 2>/dev/null')
    for (const copy of [() => service.copyIn({ name: tiny, from, to: '/tmp/huge.bin', overwrite: false }, undefined), () => service.copyOut({ name: tiny, from: '/tmp/zero', to: join(files, 'zero'), overwrite: false }, undefined)]) {
      const copying = copy()
      copying.catch(() => undefined)
      await expect.poll(() => tasks.list().find(({ status }) => status === 'running')?.fraction ?? 0, { timeout: 300_000 }).toBeGreaterThan(0)
      const running = tasks.list().find(({ status }) => status === 'running')
      if (running !== undefined) await tasks.cancel(running.id)
      await expect(copying).rejects.toThrow(Cancelled)
    }
    expect(await inside('ls /tmp | grep huge; true')).toBe('')
    expect(readdirSync(files).filter((name) => name.includes('zero'))).toEqual([])
  })

  test('that do not exist, and folders, are refused in words', async () => {
    await expect(service.copyOut({ name: tiny, from: '/none', to: files, overwrite: false }, undefined)).rejects.toThrow('it has no file /none')
    await expect(service.copyOut({ name: tiny, from: '/bin', to: files, overwrite: false }, undefined)).rejects.toThrow('is a folder')
    await expect(service.copyIn({ name: tiny, from: { path: files }, to: '/tmp/', overwrite: false }, undefined)).rejects.toThrow('it is a folder')
  })
})

test('a guest without anything that can be frozen is not in the way of a snapshot', async () => {
  const outcome = await whileFrozen(machine.agent, async () => 7, { stillFrozen: (reason) => expect.fail(reason) })
  expect(outcome).toMatchObject({ result: 7, held: 0, reason: expect.any(String) })
  expect(await machine.agent.hostName()).toBe('clone-7') // the agent works on
})

describe('a guest with a file system on its disk', () => {
  const write = 'echo more >> /tmp/disk/file && echo written'
  beforeAll(async () => {
    const made = await inside('for m in crc16 mbcache jbd2 crc32c_generic ext4; do [ -f /m/$m.ko ] && insmod /m/$m.ko; done; mkdir /tmp/disk && mount -t ext4 /dev/vda /tmp/disk && echo mounted')
    expect(made).toBe('mounted')
  })

  test('tells how much room there is', async () => {
    const { fileSystems } = await service.inspect(tiny)
    expect(fileSystems).toContainEqual({ mountPoint: '/tmp/disk', type: 'ext4', device: 'vda', totalBytes: expect.any(Number), freeBytes: expect.any(Number) })
  })

  test('is held while a snapshot is taken, and writes again after it', async () => {
    const frozen = await whileFrozen(machine.agent, () => machine.agent.hostName().catch(String), { holdMs: 60_000, stillFrozen: (reason) => expect.fail(reason) })
    expect(frozen).toEqual({ result: expect.stringContaining('frozen'), held: 1, reason: null })
    expect(await inside(write)).toBe('written')
  })

  test('is thawed by the next host when the one that froze it was killed', async () => {
    expect(await machine.agent.freeze(20_000)).toBe(1)
    machine.dispose()
    const [adoption = expect.fail('nothing was adopted')] = await bench.engine.adopt()
    machine = adoption.machine
    await agentAnswers(machine)
    expect([await machine.agent.thawLeftover(), await machine.agent.thawLeftover()]).toEqual([true, false])
    expect(await inside(write)).toBe('written')
  })
})
