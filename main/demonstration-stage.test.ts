import { expect, test } from 'vitest'
import type { GuestState } from '../src/contract/guest.ts'
import type { GuestName } from '../src/contract/names.ts'
import { demonstrationStage, type DemonstrationStagePorts } from './demonstration-stage.ts'

test.each<[other: GuestState | null, ends: boolean]>([
  [null, true],
  ['stopped', true],
  ['suspended', true],
  ['running', false],
  ['paused', false],
  ['starting', false],
])('with another guest %s beside the pair, leaving the stage ends the network: %s', async (other, ends) => {
  const calls: string[] = []
  const states = new Map<string, GuestState>([['linux', 'running'], ['windows', 'running'], ...(other === null ? [] : ([['own', other]] as const))])
  const owner = (name: string) => ({
    name,
    get state() {
      return states.get(name)
    },
    request: async (verb: string) => void (calls.push(`${name} ${verb}`), states.set(name, 'stopped')),
  })
  const ports = {
    guests: { all: () => [...states.keys()].map(owner), find: owner, isUp: (name: GuestName) => states.get(name) === 'running' },
    network: { stop: async () => void calls.push('network stop') },
    published: () => undefined,
  } as unknown as DemonstrationStagePorts // what leaving asks for
  await demonstrationStage(ports).down('force')
  expect(calls.toSorted()).toEqual(['linux forceStop', ...(ends ? ['network stop'] : []), 'windows forceStop'])
})
