import { describe, expect, it } from 'vitest'
import { GuestName } from '../contract/names.ts'
import { Cancelled, MissingPrerequisite } from '../contract/refusal.ts'
import type { StageView } from '../contract/stage.ts'
import { Stage, type StagePorts, remainingSeconds } from './stage.ts'

function setUp(change: Partial<StagePorts> = {}) {
  const views: StageView[] = []
  const calls: string[] = []
  const running = new Set<string>()
  const stage = new Stage({
    guests: [
      { name: GuestName.parse('linux'), step: 'linux', title: 'Linux' },
      { name: GuestName.parse('windows'), step: 'windows', title: 'Stand-in' },
    ],
    checkPackages: async () => 'all there',
    imageBuilt: async () => false,
    buildImage: async (guest, progressed) => {
      calls.push(`build ${guest}`)
      progressed('unpacking', 0.5, 10)
    },
    startNetwork: async () => 'up',
    isUp: (guest) => running.has(guest),
    startGuest: async (guest) => {
      calls.push(`start ${guest}`)
      running.add(guest)
      return 'cold'
    },
    stopGuest: async (guest, mode) => {
      if (running.delete(guest)) calls.push(`${mode} stop ${guest}`)
    },
    stopNetwork: async () => void calls.push('network off'),
    forget: (guest) => void calls.push(`forget ${guest}`),
    hasWarmState: async () => false,
    saveWarmStates: async () => 'saved',
    published: (view) => views.push(view),
    ...change,
  })
  return { stage, views, calls }
}

const status = (view: StageView, id: string) => view.steps.find((step) => step.id === id)?.status

describe('Stage', () => {
  it('builds, starts and saves, showing each step', async () => {
    const { stage, views, calls } = setUp()
    const view = await stage.up('auto')
    await stage.settled()
    expect(view.status).toBe('ready')
    expect(calls).toEqual(['build linux', 'build windows', 'start linux', 'start windows'])
    expect(views.some((each) => each.steps.some((step) => step.fraction === 0.5 && step.expectedSeconds === 10))).toBe(true)
    expect(stage.view().steps.every((step) => step.status === 'done')).toBe(true)
  })

  it('is joined by a second up', async () => {
    const { stage, calls } = setUp()
    await Promise.all([stage.up('auto'), stage.up('auto')])
    expect(calls.filter((call) => call === 'build linux')).toHaveLength(1)
  })

  it('starts nothing when a build fails, says which and why, and goes on from there next time', async () => {
    let broken = true
    const { stage, calls } = setUp({
      buildImage: async (guest) => {
        if (guest === 'windows' && broken) throw new MissingPrerequisite('tool', 'no compiler', 'install it')
      },
    })
    await expect(stage.up('auto')).rejects.toThrow('no compiler')
    expect(stage.view().status).toBe('failed')
    expect(stage.view().steps.find((step) => step.id === 'guest:windows')).toMatchObject({ status: 'failed', detail: 'no compiler', remedy: 'install it' })
    expect(calls).toEqual([])
    broken = false
    expect((await stage.up('auto')).status).toBe('ready')
  })

  it('cancels a build under way and waits for its end', async () => {
    let ended = false
    const { stage } = setUp({
      buildImage: (_guest, _progressed, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            ended = true
            reject(new Cancelled('the build'))
          })
        }),
    })
    const up = stage.up('auto')
    await Promise.all([expect(up).rejects.toThrow(Cancelled), new Promise((resolve) => setTimeout(resolve, 5)).then(() => stage.cancel())])
    expect(ended).toBe(true)
    expect(stage.view().status).toBe('cancelled')
    expect(status(stage.view(), 'guest:linux')).toBe('cancelled')
  })

  it('stops the guests before the network', async () => {
    const { stage, calls } = setUp()
    await stage.up('auto')
    const view = await stage.down('graceful')
    expect(calls.at(-1)).toBe('network off')
    expect(view.status).toBe('idle')
  })

  it('resets by ending the guests, forgetting what they hold, and starting afresh with the network as it is', async () => {
    const { stage, calls } = setUp({ imageBuilt: async () => true })
    await stage.up('auto')
    calls.length = 0
    expect((await stage.reset()).status).toBe('ready')
    expect(calls).toEqual(['force stop linux', 'force stop windows', 'forget linux', 'forget windows', 'start linux', 'start windows'])
  })
})

it('tells what is left from the pace so far, once that says something', () => {
  expect(remainingSeconds(30_000, 0.25)).toBe(90)
  expect(remainingSeconds(30_000, 1)).toBe(0)
  expect(remainingSeconds(30_000, 0.01)).toBeNull()
  expect(remainingSeconds(30_000, null)).toBeNull()
})
