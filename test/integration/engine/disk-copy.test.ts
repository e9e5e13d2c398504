import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Machine } from '../../../src/engine/engine.ts'
import { whileFrozen } from '../../../src/engine/frozen.ts'
import { agentAnswers, Bench, until } from './fixture.ts'

const shell = async (machine: Machine, script: string) => (await machine.agent.exec('/bin/busybox', ['sh', '-c', script], 300_000)).stdout.trim()
const block = 65_536
const blocks = 64
/** In the guest: block after block gets the number of its round, in order and each on the disk before the next, without end. */
const writer = `(round=0; while true; do round=$((round+1)); at=0; while [ $at -lt ${blocks} ]; do printf %08d $round | dd of=/dev/vda bs=${block} seek=$at conv=notrunc,fsync 2>/dev/null; at=$((at+1)); done; echo $round > /tmp/round; done) >/dev/null 2>&1 &`

/** The round that each block of a disk was last written in. */
function roundsOn(path: string): number[] {
  execFileSync('qemu-img', ['check', '-q', '-f', 'qcow2', path])
  execFileSync('qemu-img', ['convert', '-U', '-f', 'qcow2', '-O', 'raw', path, `${path}.raw`])
  const file = openSync(`${path}.raw`, 'r')
  const read = Buffer.alloc(8)
  const rounds = Array.from({ length: blocks }, (_, at) => {
    readSync(file, read, 0, 8, at * block)
    return Number(read.toString('latin1').replaceAll('\0', '0'))
  })
  closeSync(file)
  return rounds
}

let bench: Bench
let machine: Machine
let path: string
beforeAll(async () => {
  bench = new Bench()
  path = join(bench.home, 'copy.qcow2')
  machine = await bench.engine.start(bench.spec, { from: { kind: 'cold' } })
  await agentAnswers(machine)
  await shell(machine, writer)
  await until('a whole round', async () => Number(await shell(machine, 'cat /tmp/round 2>/dev/null || echo 0')) > 0)
})
afterAll(() => bench.end())
const marked = () => existsSync(join(bench.runDirectory, 'copy'))
const round = async () => Number(await shell(machine, 'cat /tmp/round'))

test('the copy is the disk of one instant, between its beginning and its end, and the guest writes on', async () => {
  const before = await round()
  const copy = await machine.beginDiskCopy(path)
  expect(marked()).toBe(true)
  await expect(machine.takeDiskSnapshot('meanwhile')).rejects.toMatchObject({ code: 'busy' })
  await expect(machine.beginDiskCopy(`${path}.second`)).rejects.toMatchObject({ code: 'busy' })
  await copy.caughtUp(() => undefined)
  await whileFrozen(machine.agent, () => copy.take(), { stillFrozen: () => undefined })
  const after = await round()
  expect(marked()).toBe(false)
  // Of one instant: every block before the one being written is of a round, every other of the round before.
  const rounds = roundsOn(path)
  const [first = 0] = rounds
  expect(rounds).toEqual([...rounds].sort((left, right) => right - left))
  expect(first - Math.min(...rounds)).toBeLessThanOrEqual(1)
  expect([first >= before, first <= after + 1]).toEqual([true, true])
  await until('the guest to write on', async () => (await round()) > after)
  expect(await machine.status()).toBe('running')
  await machine.takeDiskSnapshot('afterwards')
})

test('an abandoned copy leaves nothing, and one that cannot be written does not touch the guest', async () => {
  const copy = await machine.beginDiskCopy(`${path}.abandoned`)
  await copy.abandon()
  expect([existsSync(`${path}.abandoned`), marked()]).toEqual([false, false])
  await expect(machine.beginDiskCopy(join(bench.home, 'nowhere', 'copy.qcow2'))).rejects.toThrow('could not be made')
  const again = await machine.beginDiskCopy(`${path}.again`)
  await again.caughtUp(() => undefined)
  await again.abandon()
  const now = await round()
  await until('the guest to write on', async () => (await round()) > now)
})

test('a host that goes in the midst of a copy leaves a guest that the next one frees of it', async () => {
  await machine.beginDiskCopy(`${path}.orphaned`)
  machine.dispose()
  expect(marked()).toBe(true)
  const [adoption] = await bench.engine.adopt()
  machine = adoption?.machine ?? expect.fail('nothing was adopted')
  expect([adoption?.status, marked()]).toEqual(['running', false])
  const now = await round()
  await until('the guest to write on', async () => (await round()) > now)
  const copy = await machine.beginDiskCopy(`${path}.next`)
  await copy.caughtUp(() => undefined)
  await copy.take()
  expect(roundsOn(`${path}.next`)[0]).toBeGreaterThanOrEqual(now)
})

test('a machine that ends takes the copy along', async () => {
  const copy = await machine.beginDiskCopy(`${path}.cut`)
  await machine.quit()
  await expect(copy.caughtUp(() => undefined)).rejects.toThrow()
  await copy.abandon()
  expect(existsSync(`${path}.cut`)).toBe(false)
})
