import { describe, expect, it } from 'vitest'
import { BackPressure } from './back-pressure.ts'
import type { Wire } from './wire.ts'

function sender(): Wire & { paused: number } {
  const wire = { backlogBytes: 0, paused: 0, send: () => {}, close: () => {}, pause: () => void wire.paused++, resume: () => void wire.paused-- }
  return wire
}

describe('back pressure', () => {
  it('holds each sender once, until the port has drained', () => {
    const pressure = new BackPressure()
    const [one, other] = [sender(), sender()]
    expect(pressure.hold(one, 0)).toBe(true)
    expect(pressure.hold(one, 1)).toBe(true)
    expect(pressure.hold(other, 2)).toBe(true)
    expect([one.paused, other.paused, pressure.patienceEndsMs]).toEqual([1, 1, 10])
    pressure.release()
    expect([one.paused, other.paused, pressure.patienceEndsMs]).toEqual([0, 0, null])
  })

  it('counts its patience from the first sender held, and anew after every draining', () => {
    const pressure = new BackPressure()
    pressure.hold(sender(), 5)
    pressure.release()
    pressure.hold(sender(), 100)
    expect(pressure.patienceEndsMs).toBe(110)
  })

  it('waits no more, for a while, for a port that did not drain in time', () => {
    const pressure = new BackPressure()
    const one = sender()
    pressure.hold(one, 0)
    pressure.passOver(10)
    expect(one.paused).toBe(0)
    expect(pressure.hold(one, 1_009)).toBe(false)
    expect(one.paused).toBe(0)
    expect(pressure.hold(one, 1_010)).toBe(true)
  })
})
