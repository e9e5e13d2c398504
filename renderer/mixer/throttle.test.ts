import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Clock, sliderIntervalMs, Throttle } from './throttle.ts'

/** A clock moved by hand; a send takes `answerMs`. */
class HandClock implements Clock {
  time = 0
  #due: { at: number; action: () => void }[] = []

  now(): number {
    return this.time
  }

  after(delayMs: number, action: () => void): void {
    this.#due.push({ at: this.time + delayMs, action })
  }

  async moveTo(time: number): Promise<void> {
    for (;;) {
      const next = this.#due.filter((entry) => entry.at <= time).sort((left, right) => left.at - right.at)[0]
      if (next === undefined) break
      this.#due = this.#due.filter((entry) => entry !== next)
      this.time = Math.max(this.time, next.at)
      next.action()
      await settle()
    }
    this.time = time
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve()
}

function setUp(answerMs = 0) {
  const clock = new HandClock()
  const sent: { at: number; value: number }[] = []
  const throttle = new Throttle<number>(sliderIntervalMs, clock, (value) => {
    sent.push({ at: clock.time, value })
    return answerMs === 0 ? Promise.resolve() : new Promise((resolve) => clock.after(answerMs, resolve))
  })
  return { clock, sent, throttle }
}

describe('Throttle', () => {
  it('sends the first value at once and the newest of the rest when the interval is over', async () => {
    const { clock, sent, throttle } = setUp()
    for (const value of [1, 2, 3]) throttle.push(value)
    await settle()
    expect(sent).toEqual([{ at: 0, value: 1 }])
    await clock.moveTo(1_000)
    expect(sent).toEqual([{ at: 0, value: 1 }, { at: 50, value: 3 }])
  })

  it('waits for an answer before it sends again', async () => {
    const { clock, sent, throttle } = setUp(300)
    throttle.push(1)
    throttle.push(2)
    await clock.moveTo(299)
    expect(sent.map(({ value }) => value)).toEqual([1])
    await clock.moveTo(300)
    expect(sent.map(({ value }) => value)).toEqual([1, 2])
  })

  it('sends at most 20 values a second and always the last one, however the hand moves', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 120 }), fc.integer({ min: 0, max: 120 }), async (pauses, answerMs) => {
        const { clock, sent, throttle } = setUp(answerMs)
        for (const [value, pause] of pauses.entries()) {
          throttle.push(value)
          await settle()
          await clock.moveTo(clock.time + pause)
        }
        await clock.moveTo(clock.time + 1_000)
        expect(sent.at(-1)?.value).toBe(pauses.length - 1)
        for (const [index, { at }] of sent.entries()) {
          const before = sent[index - 1]
          if (before !== undefined) expect(at - before.at).toBeGreaterThanOrEqual(sliderIntervalMs)
        }
      }),
      { numRuns: 60 },
    )
  })
})
