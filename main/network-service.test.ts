import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { GuestName, stageNetwork } from '../src/contract/names.ts'
import { cardsOf } from '../src/guest/cards.ts'
import { demonstrationGuests } from '../src/guest/definition.ts'
import { type PortDefinition, SwitchFault, type SwitchClient, type SwitchEvent } from '../src/network/client.ts'
import { NetworkService } from './network-service.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A switch that takes every port but those of `refused`, and ends when it is told to. */
class FakeSwitch {
  readonly defined: string[] = []
  readonly refused = new Set<string>()
  #listener: (event: SwitchEvent) => void = () => undefined

  readonly client = {
    definePort: async ({ guest, network = stageNetwork, mac }: PortDefinition) => {
      if (this.refused.has(guest)) throw new SwitchFault('exhausted', 'the subnet has no address left')
      this.defined.push(guest)
      return { network, guest, mac, ipv4: '10.77.0.2', bound: false, socketPath: `/nowhere/${guest}` }
    },
    removePort: async () => undefined,
    shutdown: async () => this.end(),
    statistics: async () => ({ ports: [], strays: {}, httpSampledOut: 0, residentMiB: 50 }),
    dispose: () => undefined,
    subscribe: (listener: (event: SwitchEvent) => void) => {
      this.#listener = listener
      return () => undefined
    },
  } as unknown as SwitchClient // what this test's network asks of it

  end(): void {
    this.#listener({ type: 'closed', reason: 'it ended' })
  }
}

async function network() {
  const switches = [new FakeSwitch()]
  const messages: string[] = []
  let failures = 0
  let replaced = 0
  let tries = 0
  const service = new NetworkService({
    connect: async () => {
      tries += 1
      if (failures-- > 0) throw new SwitchFault('unreachable', 'the computer is too busy')
      return (switches.at(-1) ?? expect.fail('no switch')).client
    },
    find: async () => null,
    addressSeen: () => undefined,
    requestSeen: () => undefined,
    replaced: async () => void (replaced += 1),
    publications: () => [],
    captures: () => [],
    networks: () => ({ list: () => [], uplinks: () => [], subnetOf: async () => '' }),
    message: (level, text) => void messages.push(`${level}: ${text}`),
  })
  for (const guest of demonstrationGuests()) await service.definePorts(guest.name, cardsOf(guest), false)
  /** The switch that is started next. */
  const renew = () => {
    const next = new FakeSwitch()
    switches.push(next)
    return next
  }
  const fail = (times: number) => {
    failures = times
    const before = switches.at(-1)
    const next = renew()
    before?.end()
    return next
  }
  return { service, renew, fail, messages, replaced: () => replaced, tries: () => tries }
}

describe('NetworkService, when the switch ended', () => {
  it('tries again until there is one, and gives every guest its port back', async () => {
    const { fail, service, messages, replaced } = await network()
    const next = fail(3)
    await vi.advanceTimersByTimeAsync(300_000)
    expect(service.view().running).toBe(true)
    expect(next.defined).toEqual(['linux', 'windows'])
    expect(replaced()).toBe(1)
    expect(messages).toEqual([expect.stringMatching(/^warning: the switch ended/), expect.stringMatching(/^error: .*too busy/), 'info: the network is back'])
  })

  it('gives the others their ports back where one guest can have none', async () => {
    const { fail, messages, replaced } = await network()
    const next = fail(0)
    next.refused.add('linux')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(next.defined).toEqual(['windows'])
    expect(replaced()).toBe(1)
    expect(messages.join()).toMatch(/linux.*no address left/)
  })

  it('lets a guest that is started meanwhile bring the network back for all', async () => {
    const { fail, service, replaced } = await network()
    const next = fail(1)
    await vi.advanceTimersByTimeAsync(0)
    const [linux] = demonstrationGuests()
    if (linux === undefined) throw new Error('there are two')
    await service.definePorts(linux.name, cardsOf(linux), false)
    await vi.advanceTimersByTimeAsync(300_000)
    expect(new Set(next.defined)).toEqual(new Set(['linux', 'windows']))
    expect(replaced()).toBe(1)
  })

  it('takes one away that is asked for, as no fault, and answers when the guests are back', async () => {
    const { renew, service, messages, replaced } = await network()
    const next = renew()
    const said: string[] = []
    const report = await service.restart((detail) => void said.push(detail))
    expect(report).toMatchObject({ running: true, statistics: { residentMiB: 50 } })
    expect(next.defined).toEqual(['linux', 'windows'])
    expect([replaced(), said, messages]).toEqual([1, ['ending the switch', 'starting it anew and connecting the guests'], ['info: the network is back']])
    // Its own end is a fault again.
    renew()
    next.end()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(messages[1]).toMatch(/^warning: the switch ended/)
    await service.stop()
    await expect(service.restart(() => {})).rejects.toThrow('does not run')
  })

  it('starts none any more once the network was stopped, or the host ends', async () => {
    for (const end of ['stop', 'dispose'] as const) {
      const { fail, service, tries } = await network()
      fail(1_000)
      await vi.advanceTimersByTimeAsync(10_000)
      await service[end]()
      const tried = tries()
      expect(tried).toBeGreaterThan(2)
      await vi.advanceTimersByTimeAsync(300_000)
      expect(tries()).toBe(tried)
    }
  })

  it('forgets a guest that is gone', async () => {
    const { fail, service } = await network()
    await service.forget(GuestName.parse('linux'))
    const next = fail(0)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(next.defined).toEqual(['windows'])
  })
})
