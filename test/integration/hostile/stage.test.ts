import { expect, it } from 'vitest'
import { GuestName } from '../../../src/contract/names.ts'
import { Stage, type StagePorts } from '../../../src/stage/stage.ts'

/** A stage of one guest that shuts down only when told so. */
function slowToStop() {
  const calls: string[] = []
  const stops: (() => void)[] = []
  let up = true
  const ports: StagePorts = {
    guests: [{ name: GuestName.parse('linux'), step: 'linux', title: 'Linux' }],
    checkPackages: async () => '',
    imageBuilt: async () => true,
    buildImage: async () => undefined,
    startNetwork: async () => `${calls.push('network on')}`,
    isUp: () => up,
    startGuest: async () => {
      up = true
      return `${calls.push('start')}`
    },
    stopGuest: (_guest, mode) =>
      new Promise((resolve) => {
        const stopped = () => {
          up = false
          calls.push(mode)
          resolve()
        }
        if (mode === 'force') for (const each of [stopped, ...stops.splice(0)]) each()
        else stops.push(stopped)
      }),
    stopNetwork: async () => void calls.push('network off'),
    forget: () => undefined,
    hasWarmState: async () => true,
    saveWarmStates: async () => '',
    published: () => undefined,
  }
  return { stage: new Stage(ports), calls, stop: () => stops.splice(0).forEach((each) => each()) }
}

const aMoment = () => new Promise((resolve) => setTimeout(resolve, 20))

it('`up` during `down` begins when that is over: its network is not taken away again', async () => {
  const { stage, calls, stop } = slowToStop()
  const down = stage.down('graceful')
  await aMoment()
  const up = stage.up('auto')
  await aMoment()
  stop()
  await Promise.all([down, up])
  expect(calls).toEqual(['graceful', 'network off', 'network on', 'start'])
  expect(stage.view().status).toBe('ready')
})

it('`down` with force neither waits for a graceful one nor for an `up` that does', async () => {
  const { stage, calls } = slowToStop()
  const graceful = stage.down('graceful')
  await aMoment()
  const up = stage.up('auto').catch((error: unknown) => error)
  await aMoment()
  await stage.down('force')
  await graceful
  expect(String(await up)).toMatch(/cancelled/)
  expect(calls).not.toContain('start')
  expect(stage.view().status).toBe('idle')
})
