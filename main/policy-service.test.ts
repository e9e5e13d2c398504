import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeControls } from '../test/fake/controls.ts'
import { FakeMachine, fakeSpec } from '../test/fake/machine.ts'
import type { GuestMeter, HostMeter } from '../src/contract/host.ts'
import type { Policies } from '../src/contract/policy.ts'
import { Refusal } from '../src/contract/refusal.ts'
import { demonstrationGuests } from '../src/guest/definition.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { PolicyService } from './policy-service.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const controls = fakeControls()

/** One running guest with these rules, as the meters see it. */
async function ruled(policies: Policies, seen: Partial<GuestMeter>) {
  const [definition] = demonstrationGuests()
  if (definition === undefined) throw new Error('there are two')
  await controls.attach(new FakeMachine())
  const requests: string[] = []
  const messages: string[] = []
  let refusal: Refusal | null = null
  const owner = {
    definition: { ...definition, policies },
    state: 'running',
    request: async (action: string) => void requests.push(action),
    setControls: async (change: object) => {
      if (refusal !== null) throw refusal
      requests.push(Object.keys(change).join())
    },
  } as unknown as GuestOwner // what a rule asks of it
  const guest = { guest: definition.name, cpuPercent: 1, actualMiB: 512, guestTotalMiB: 480, guestAvailableMiB: 300, ...seen } as GuestMeter // what a rule looks at
  const service = new PolicyService({
    guests: () => [{ owner, controls }],
    meter: () => ({ guests: [guest] }) as unknown as HostMeter, // what a rule looks at
    demandStart: () => undefined,
    activity: () => undefined,
    message: (level, _guest, text) => void messages.push(`${level}: ${text}`),
  })
  return { service, requests, messages, refuse: (with_: Refusal | null) => (refusal = with_) }
}

describe('PolicyService', () => {
  it('reckons by time that passed, not by a clock that was set or a computer that slept', async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- the word of guest.yaml
    const { service, requests } = await ruled({ idle: { after: '10m', then: 'pause' } }, {})
    await vi.advanceTimersByTimeAsync(60_000)
    vi.setSystemTime(Date.now() + 8 * 3_600_000)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(requests).toEqual([])
    vi.setSystemTime(Date.now() - 24 * 3_600_000)
    await vi.advanceTimersByTimeAsync(10 * 60_000)
    expect(requests).toEqual(['pause'])
    service.dispose()
  })

  it('says once that a rule cannot be carried out, and again when it could in between', async () => {
    const { service, requests, messages, refuse } = await ruled({ memory: { auto: true, ceiling: '1GiB' } }, { guestAvailableMiB: 10 })
    refuse(new Refusal('over-budget', fakeSpec.name, 'nothing is left to be promised'))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(messages).toEqual([expect.stringMatching(/^warning: .*nothing is left/)])
    refuse(null)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(requests).toContain('memory')
    refuse(new Refusal('over-budget', fakeSpec.name, 'nothing is left to be promised'))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(messages.filter((text) => text.startsWith('warning'))).toHaveLength(2)
    service.dispose()
  })
})
