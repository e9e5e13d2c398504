import { describe, expect, it } from 'vitest'
import { FakeMachine, fakeSpec } from '../test/fake/machine.ts'
import { GuestName } from '../src/contract/names.ts'
import { demonstrationGuests } from '../src/guest/definition.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { notFound } from './error-map.ts'
import { WebService } from './web-service.ts'

const windows = GuestName.parse('windows')

/** Two guests that run, of which `windows` is deleted as soon as it was counted among those to be asked. */
function service() {
  const machine = new FakeMachine()
  const owners = demonstrationGuests().map((definition) => ({ definition, state: 'running', machine, demandMachine: () => machine }) as unknown as GuestOwner) // what is asked of an owner here
  return new WebService({
    owners: () => owners,
    owner: (name) => {
      const found = owners.find((owner) => owner.definition.name === name)
      if (found === undefined || name === windows) throw notFound('guest', name, [fakeSpec.name])
      return found
    },
    requests: async () => [],
    dial: () => Promise.reject(new Error('nobody answers')),
  })
}

describe('WebService', () => {
  it('answers a round in which a guest was deleted', async () => {
    const { cells } = await service().matrix('/')
    expect(cells).toHaveLength(6)
    expect(cells.every(({ checking }) => !checking)).toBe(true)
    expect(cells.find(({ from, to }) => from === 'linux' && to === 'windows')?.probe).toMatchObject({ status: 0, error: expect.stringContaining('windows') })
    expect(cells.find(({ from, to }) => from === 'windows' && to === 'host')?.probe).toMatchObject({ status: 0, error: expect.stringContaining('windows') })
  })
})
