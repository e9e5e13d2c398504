import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GuestName } from '../../../src/contract/names.ts'
import { until } from '../../support/diptych.ts'
import { processesOf } from '../engine/fixture.ts'
import { base, CloneHome, tiny } from './clone-home.ts'

/** How many times a host is killed; 50 take some five minutes. */
const points = Number(process.env['DIPTYCH_KILL_POINTS'] ?? '4')

let home: CloneHome

beforeAll(async () => {
  home = new CloneHome()
  await home.open()
  await home.client.guest.start({ name: tiny })
  await home.agentLive(tiny)
  await home.client.template.make({ guest: tiny, name: base })
})
afterAll(() => home.dispose())

/** What is killed in the midst, each with the name of what it makes. */
const calls = [
  (name: GuestName) => home.client.template.make({ guest: tiny, name }),
  (name: GuestName) => home.client.template.clone({ from: { template: base }, name, force: true }),
  (name: GuestName) => home.client.template.clone({ from: { guest: tiny }, name, force: true }),
  (name: GuestName) => home.client.template.flatten({ guest: name }),
] as const

/** `flatten` needs a clone that is there; what it makes of it is nothing new. */
const makeReady = async (call: number, name: GuestName) => {
  if (call === 3) await home.client.template.clone({ from: { template: base }, name, force: true })
}

test(`killed at ${points} moments of making, cloning and flattening, the host finds all old or all new`, { timeout: 600_000 + points * 30_000 }, async () => {
  /** How long each took when it was let be: where the killing may fall. */
  const typicalMs: number[] = []
  for (const [index, call] of calls.entries()) {
    const name = GuestName.parse(`whole-${index}`)
    await makeReady(index, name)
    const begun = performance.now()
    await call(name)
    typicalMs.push(performance.now() - begun)
    if (index > 0) await home.client.guest.stop({ name, mode: 'force' })
  }

  for (let point = 0; point < points; point += 1) {
    const kind = point % calls.length
    const name = GuestName.parse(`killed-${point}`)
    await makeReady(kind, name)
    // Spread over the whole call, a little differently for each round.
    const afterMs = (typicalMs[kind] ?? 1_000) * ((point * 0.618_034) % 1) * 1.05
    const moment = `call ${kind} after ${Math.round(afterMs)} ms`
    const ended = calls[kind]?.(name).then(() => 'done', () => 'cut off')
    await new Promise((resolve) => setTimeout(resolve, afterMs))
    await home.crash()
    expect(['done', 'cut off']).toContain(await ended)
    await home.open()

    expect(home.unfinished(), moment).toEqual([])
    await until(async () => (await home.view(tiny)).state === 'running', `the source to run again, ${moment}`)
    await home.agentLive(tiny)
    for (const template of await home.client.template.list()) expect([moment, template.note]).toEqual([moment, null])
    for (const each of await home.names()) execFileSync('qemu-img', ['check', '-q', '-U', join(home.data, 'guests', each, 'disk.qcow2')])
    // The kernel ends what was to die with the host in its own time.
    const agree = async () => processesOf(home.directory).length === (await home.client.guest.list()).filter(({ view }) => view.state === 'running').length
    await until(agree, `QEMU to run for each guest that runs and for nobody else, ${moment}`)
    if (readdirSync(join(home.data, 'guests')).includes(name)) await home.client.guest.stop({ name, mode: 'force' })
  }
  const last = GuestName.parse('last')
  await home.client.template.clone({ from: { template: base }, name: last, force: true })
  await home.agentLive(last)
  await until(async () => (await home.shell(last, 'hostname')) === last, 'the clone to hear its name')
})
