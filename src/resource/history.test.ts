import { describe, expect, it } from 'vitest'
import type { GuestMeter, HostMeter } from '../contract/host.ts'
import { GuestName } from '../contract/names.ts'
import { historyCsv, LoadHistory } from './history.ts'

const start = Date.UTC(2026, 0, 1)

function meter(second: number, cpuPercent: number, names = ['linux']): HostMeter {
  const guests = names.map((name) => ({ guest: GuestName.parse(name), cpuPercent, guestUsedMiB: 100, residentMiB: 300, diskReadBytesPerSecond: 0, diskWriteBytesPerSecond: 1.234, txBitsPerSecond: 8, rxBitsPerSecond: 9 }) as GuestMeter)
  return { at: new Date(start + second * 1_000).toISOString(), guests } as HostMeter // what the history reads of it
}

describe('LoadHistory', () => {
  it('keeps a minute second by second, and a quarter of an hour as means of five', () => {
    const history = new LoadHistory()
    for (let second = 0; second < 200; second += 1) history.add(meter(second, second))
    const minute = history.read('minute')
    expect([minute.stepMs, minute.at.length, minute.guests[0]?.cpuPercent.at(-1), minute.guests[0]?.cpuPercent[0]]).toEqual([1_000, 60, 199, 140])
    const quarter = history.read('quarter-hour')
    expect([quarter.stepMs, quarter.at.length, quarter.guests[0]?.cpuPercent[0]]).toEqual([5_000, 40, 2])
  })

  it('a session of any length fits, in steps that double', () => {
    const history = new LoadHistory()
    for (let second = 0; second < 8_000; second += 1) history.add(meter(second, second % 2 === 0 ? 0 : 100))
    const session = history.read('session')
    expect(session.at.length).toBeLessThanOrEqual(720)
    expect(session.at.length).toBeGreaterThanOrEqual(360)
    expect(session.stepMs).toBe(20_000)
    for (const mean of session.guests[0]?.cpuPercent ?? []) expect(mean).toBeCloseTo(50, 6)
    expect(session.at.every((at, index) => index === 0 || at - (session.at[index - 1] ?? 0) === 20_000)).toBe(true)
  })

  it('is null where a guest did not run, and so is left out of the CSV', () => {
    const history = new LoadHistory()
    history.add(meter(0, 10))
    history.add(meter(1, 20, ['linux', 'windows']))
    const minute = history.read('minute')
    expect(minute.guests.map((guest) => [guest.guest, guest.cpuPercent])).toEqual([['linux', [10, 20]], ['windows', [null, 20]]])
    expect(historyCsv(minute).split('\r\n')).toEqual([
      'at,guest,cpuPercent,memoryMiB,diskReadBytesPerSecond,diskWriteBytesPerSecond,txBitsPerSecond,rxBitsPerSecond',
      '2026-01-01T00:00:01.000Z,linux,10,100,0,1.23,8,9',
      '2026-01-01T00:00:02.000Z,linux,20,100,0,1.23,8,9',
      '2026-01-01T00:00:02.000Z,windows,20,100,0,1.23,8,9',
      '',
    ])
  })

  it('a clock that was set back makes no step out of order', () => {
    const history = new LoadHistory()
    for (const second of [10, 11, 4, 12]) history.add(meter(second, 1))
    const { at } = history.read('minute')
    expect(at).toEqual([...at].sort((a, b) => a - b))
  })
})
