import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Accidents, type AccidentPorts } from './accidents.ts'

describe('what nobody caught', () => {
  let written: { stack?: string; message: string }[]
  let said: string[]
  let ends: string[]
  let exits: number
  let source: EventEmitter

  const watch = (change: Partial<AccidentPorts> = {}) => {
    const logger = { info: () => undefined, warn: () => undefined, error: (fields: object, message = '') => void written.push({ ...fields, message }) }
    const accidents = new Accidents({ log: () => logger, logPath: '/state/host.log', told: (text) => void said.push(text), end: (text) => void ends.push(text), exit: () => void (exits += 1), patienceMs: 60_000, ...change })
    accidents.watch(source as unknown as NodeJS.Process) // only its two events are used
    return accidents
  }

  beforeEach(() => {
    ;[written, said, ends, exits, source] = [[], [], [], 0, new EventEmitter()]
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('writes a rejected promise down with its stack, tells it, and goes on', () => {
    const accidents = watch()
    source.emit('unhandledRejection', new Error('planted'))
    expect(written).toEqual([{ stack: expect.stringMatching(/planted[^]*accidents\.test/), message: expect.stringContaining('rejected') }])
    expect(said).toEqual([expect.stringMatching(/planted.*\/state\/host\.log$/)])
    expect([accidents.isEnding, ends, exits]).toEqual([false, [], 0])
  })

  it('is not flooded by the same again and again, nor deaf to another', () => {
    watch()
    for (let turn = 0; turn < 250; turn += 1) source.emit('unhandledRejection', new Error(`turn ${turn}`))
    source.emit('unhandledRejection', 'a bare word')
    expect(written.map(({ message }) => /time (\d+)/.exec(message)?.[1])).toEqual(['1', '10', '100', '1'])
    expect(said).toHaveLength(2)
  })

  it('ends in order after an exception, and at once when that takes too long', () => {
    const accidents = watch()
    source.emit('uncaughtException', new Error('planted'))
    source.emit('uncaughtException', new Error('another, by the ending'))
    expect(written.map(({ stack }) => stack)).toEqual([expect.stringContaining('planted'), expect.stringContaining('another')])
    expect([accidents.isEnding, ends, exits]).toEqual([true, [expect.stringMatching(/planted.*guests are kept.*\/state\/host\.log$/)], 0])
    vi.advanceTimersByTime(60_000)
    expect(exits).toBe(1)
  })

  it('ends also where nothing can be written or told', () => {
    const full = () => {
      throw new Error('no space left on device')
    }
    watch({ log: full, told: full, end: full })
    source.emit('unhandledRejection', new Error('planted'))
    expect(exits).toBe(0)
    source.emit('uncaughtException', new Error('planted'))
    expect(exits).toBe(1)
  })
})
