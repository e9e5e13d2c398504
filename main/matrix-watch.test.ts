import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { GuestName } from '../src/contract/names.ts'
import { hostParty, type WebProbe } from '../src/contract/web.ts'
import type { Pair } from '../src/web/probe.ts'
import { MatrixWatch } from './matrix-watch.ts'

const linux = GuestName.parse('linux')
const windows = GuestName.parse('windows')

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function watched() {
  const asked: string[] = []
  const running = new Set<string>([linux, windows, hostParty])
  let most = 0
  let now = 0
  const watch = new MatrixWatch('/x', 15_000, {
    parties: () => [linux, windows, hostParty].map((name) => ({ name, title: name, kind: name === hostParty ? ('host' as const) : ('guest' as const), running: running.has(name) })),
    ask: async ({ from, to, path }: Pair): Promise<WebProbe> => {
      asked.push(`${from}>${to}${path}`)
      now += 1
      most = Math.max(most, now)
      await new Promise((resolve) => setTimeout(resolve, 100))
      now -= 1
      return { from, to, url: '', status: 200, milliseconds: 1, title: null, server: null, bytes: 0, error: null, evidence: 'agent', method: 'curl', at: '2026-01-01T00:00:00.000Z' }
    },
  })
  return { watch, asked, running, most: () => most }
}

describe('MatrixWatch', () => {
  it('asks every ordered pair, two at a time, and again after the interval', async () => {
    const { watch, asked, most } = watched()
    const stop = new AbortController()
    const stream = watch.subscribe(stop.signal)
    const first = await stream.next()
    expect(first.value?.cells).toHaveLength(6)
    const second = stream.next()
    await vi.advanceTimersByTimeAsync(1_000)
    await second
    expect(new Set(asked).size).toBe(6)
    expect(most()).toBe(2)
    expect(watch.view().cells.every((cell) => cell.probe?.status === 200 && !cell.checking)).toBe(true)
    await vi.advanceTimersByTimeAsync(14_000)
    expect(asked).toHaveLength(6)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(asked).toHaveLength(12)
    stop.abort()
    await stream.return()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(asked).toHaveLength(12)
  })

  it('asks once without a watcher, and joins a round under way', async () => {
    const { watch, asked } = watched()
    const both = Promise.all([watch.check(), watch.check()])
    await vi.advanceTimersByTimeAsync(60_000)
    await both
    expect(asked).toHaveLength(6)
  })

  it('leaves out who does not run and forgets what was known of it', async () => {
    const { watch, asked, running } = watched()
    const round = watch.check()
    await vi.advanceTimersByTimeAsync(1_000)
    await round
    running.delete(windows)
    expect(watch.view().cells.filter((cell) => cell.probe !== null)).toHaveLength(2)
    const again = watch.check()
    await vi.advanceTimersByTimeAsync(1_000)
    await again
    expect(asked.slice(6).every((pair) => !pair.includes('windows'))).toBe(true)
  })
})
