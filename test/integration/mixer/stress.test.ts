import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Connection } from '../../../src/contract/connection.ts'
import type { Control, ControlChange, ControlName } from '../../../src/contract/control.ts'
import type { GuestView } from '../../../src/contract/guest.ts'
import { inGuest, linux, TestHome, until, windows } from '../../support/diptych.ts'
import { randomOf } from '../../fuzz/dice.ts'

/** Five minutes: DIPTYCH_MIXER_STRESS_SECONDS=300. */
const seconds = Number(process.env['DIPTYCH_MIXER_STRESS_SECONDS'] ?? 20)
const guests = [linux, windows]

let home: TestHome
let connection: Connection
beforeAll(async () => {
  home = new TestHome()
  await home.serve('--up')
  connection = await home.connect()
  const live = async () => (await connection.client.guest.list()).filter(({ view }) => view.agent === 'live').length
  await until(async () => (await live()) === guests.length, 'both agents')
})
afterAll(async () => {
  connection?.close()
  await home.dispose()
})

const dragged = ['vcpus', 'cpuCap', 'cpuWeight', 'memory', 'diskIops', 'diskBandwidth', 'linkBandwidth'] as const

/** Somewhere within the slider's range; not so low that the guest could not answer within the test. */
function somewhere(name: ControlName, { controls }: GuestView, random: () => number): ControlChange {
  const { minimum, maximum, step, unlimited } = controls[name]
  const least: Partial<Record<ControlName, number>> = { cpuCap: 30, diskIops: 100, diskBandwidth: 1_000_000, linkBandwidth: 1_000_000 }
  const low = Math.max(minimum, least[name] ?? minimum)
  if (unlimited && random() < 0.3) return { [name]: null }
  return { [name]: Math.min(maximum, Math.round((low + random() ** 2 * (maximum - low)) / step) * step) }
}

test(`every slider of two busy guests is dragged at random for ${seconds} s, and both live`, async () => {
  const { client } = connection
  const seed = Math.floor(Math.random() * 1e6) + 1
  process.stderr.write(`seed ${seed}\n`)
  const random = randomOf(seed)
  const processesBefore = (await client.guest.list()).map(({ view }) => view.startedAt)
  for (const name of guests) await client.guest.exec({ name, path: '/bin/sh', args: ['-c', `(diptych-busy ${seconds} >/dev/null 2>&1 </dev/null &)`], timeoutMs: 60_000 })
  const deadline = Date.now() + seconds * 1_000
  let turns = 0
  let slowestMs = 0
  while (Date.now() < deadline) {
    await Promise.all(
      guests.map(async (name) => {
        const knob = dragged[Math.floor(random() * dragged.length)] ?? 'memory'
        const { view } = await client.guest.get({ name })
        const change = somewhere(knob, view, random)
        const at = performance.now()
        // The floor may have risen since: that one is refused, and the next lands.
        await client.guest.set({ name, change, force: true }).catch((cause: unknown) => {
          if ((cause as { code?: string }).code === 'REFUSED') return
          const sliders = Object.values(view.controls).map(({ name: slider, requested }) => `${slider}=${requested}`)
          throw new Error(`${name} would not take ${JSON.stringify(change)} at ${sliders.join(' ')}: ${String(cause)}`, { cause })
        })
        slowestMs = Math.max(slowestMs, performance.now() - at)
      }),
    )
    turns += 1
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  process.stderr.write(`${turns} turns, the slowest change taken after ${Math.round(slowestMs)} ms\n`)
  for (const name of guests) {
    const { memory, vcpus } = (await client.guest.get({ name })).view.controls
    const boot = memory.marks.find(({ kind }) => kind === 'boot')?.value ?? memory.maximum
    const change = { vcpus: vcpus.maximum, cpuCap: null, cpuWeight: 150, memory: boot, diskIops: 2_000, diskBandwidth: null, linkBandwidth: null }
    await client.guest.set({ name, change, force: true, waitMs: 60_000 })
    // A balloon's last pages may be missing; everything else is as it was asked.
    const follows = ({ name: slider, requested, effective, status }: Control) => status === 'settled' && (slider === 'memory' ? Math.abs((requested ?? 0) - (effective ?? 0)) <= 2 : requested === effective)
    const settled = async () => Object.values((await client.guest.get({ name })).view.controls).every(follows)
    await until(settled, `${name} to have what was asked last`)
  }
  // The same runs as before, and their network is there.
  expect((await client.guest.list()).map(({ view }) => view.startedAt)).toEqual(processesBefore)
  expect(await inGuest(connection, linux, 'fetch', 'http://windows.diptych.internal/', '--timeout', '60')).not.toBe('')
  expect(await inGuest(connection, windows, 'fetch', 'http://linux.diptych.internal/', '--timeout', '60')).not.toBe('')
}, seconds * 1_000 + 600_000)
