import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GuestName } from '../../../src/contract/names.ts'
import { until } from '../../support/diptych.ts'
import { processesOf } from '../engine/fixture.ts'
import { base, CloneHome, tiny } from './clone-home.ts'

const points = Number(process.env['DIPTYCH_KILL_POINTS'] ?? '4')
/** Longer than any of the calls takes on a computer at leisure. */
const latestMs = 2_500

let home: CloneHome

beforeAll(async () => {
  home = new CloneHome()
  await home.open()
  await home.client.guest.start({ name: tiny })
  await home.agentLive(tiny)
  await home.client.template.make({ guest: tiny, name: base })
})
afterAll(() => home.dispose())

test(`killed at ${points} moments of making, cloning and flattening, the host finds all old or all new`, async () => {
  for (let point = 0; point < points; point += 1) {
    const afterMs = Math.round((point / points) * latestMs + Math.random() * (latestMs / points))
    const made = GuestName.parse(`made-${point}`)
    const cloned = GuestName.parse(`cloned-${point}`)
    const call = [
      () => home.client.template.make({ guest: tiny, name: made }),
      () => home.client.template.clone({ from: { template: base }, name: cloned, force: true }),
      () => home.client.template.clone({ from: { guest: tiny }, name: cloned, force: true }),
    ][point % 3]
    const ended = call?.().then(() => 'done', () => 'cut off')
    await new Promise((resolve) => setTimeout(resolve, afterMs))
    await home.crash()
    expect(['done', 'cut off']).toContain(await ended)
    await home.open()

    expect(home.unfinished(), `after ${afterMs} ms`).toEqual([])
    await until(async () => (await home.view(tiny)).state === 'running', 'the source to run again')
    await home.agentLive(tiny)
    for (const template of await home.client.template.list()) expect(template.note).toBeNull()
    for (const name of await home.names()) execFileSync('qemu-img', ['check', '-q', '-U', join(home.data, 'guests', name, 'disk.qcow2')])
    const running = (await home.client.guest.list()).filter(({ view }) => view.state === 'running')
    expect(processesOf(home.directory).length, `after ${afterMs} ms`).toBe(running.length)
    if (readdirSync(join(home.data, 'guests')).includes(cloned)) await home.client.guest.stop({ name: cloned, mode: 'force' })
  }
  const last = GuestName.parse('last')
  await home.client.template.clone({ from: { template: base }, name: last, force: true })
  await home.agentLive(last)
  expect(await home.shell(last, 'hostname')).toBe(last)
})
