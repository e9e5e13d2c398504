import { describe, expect, it } from 'vitest'
import { ConnectionClosed } from './connection.ts'
import { errors, RefusalCode } from './error.ts'
import { lineFor, sentenceFor, troubleOf } from './sentence.ts'

/** As oRPC throws them: an Error with code and data. */
function told(code: string, data: unknown): Error {
  return Object.assign(new Error('wire text nobody should read'), { code, data })
}

describe('sentenceFor', () => {
  it('names the guests there are when a name is unknown', () => {
    expect(lineFor(told('NOT_FOUND', { noun: 'guest', name: 'beos', known: ['linux', 'windows'] }))).toBe('There is no guest called "beos". There are: linux, windows.')
  })

  it.each([['linxu', 'linux'], ['linx', 'linux'], ['linuxx', 'linux'], ['lunux', 'linux'], ['win', 'windows']])('takes %s for a slip of %s', (name, meant) => {
    expect(sentenceFor(told('NOT_FOUND', { noun: 'guest', name, known: ['linux', 'windows'] })).wayOut).toBe(`Did you mean "${meant}"?`)
  })

  it('says how to get guests when there are none', () => {
    expect(sentenceFor(told('NOT_FOUND', { noun: 'guest', name: 'linux', known: [] })).wayOut).toMatch(/diptych up/)
  })

  it.each(RefusalCode.options)('words the refusal %s with its subject, reason and remedy', (code) => {
    const { what, wayOut } = sentenceFor(told('REFUSED', { code, subject: 'linux', reason: 'a reason', remedy: 'do this' }))
    expect(what).toMatch(/linux|this computer/)
    expect(what).toMatch(/a reason\.$/)
    expect(wayOut).toBe('Do this.')
    expect(what).not.toMatch(/wire text/)
  })

  it('says different things for different refusals', () => {
    const lines = RefusalCode.options.map((code) => lineFor(told('REFUSED', { code, subject: 'linux', reason: 'a reason' })))
    expect(new Set(lines).size).toBe(RefusalCode.options.length)
  })

  it('words failures, missing prerequisites and cancelled work', () => {
    expect(lineFor(told('FAILED', { part: 'QEMU', reason: 'it exited with status 1', remedy: 'see the log' }))).toBe('QEMU failed: it exited with status 1. See the log.')
    expect(lineFor(told('PREREQUISITE', { what: 'QEMU', reason: 'no qemu-system-x86_64 on the path', remedy: 'run apt-get install qemu-system-x86' }))).toMatch(/^QEMU is needed: .*\. Run apt-get/)
    expect(sentenceFor(told('PREREQUISITE', { what: 'qemu-img', reason: 'qemu-img is not installed', remedy: 'install it' }))).toEqual({ what: 'qemu-img is not installed.', wayOut: 'Install it.' })
    expect(sentenceFor(told('CANCELLED', { what: 'setting up' })).what).toBe('Setting up was cancelled.')
  })

  it('lists what is wrong with a request, field by field', () => {
    const error = told('BAD_REQUEST', { issues: [{ path: ['change', 'memory'], message: 'expected a number' }, { path: [], message: 'unknown key' }] })
    expect(lineFor(error)).toBe('The request is not valid: change.memory: expected a number; unknown key.')
  })

  it('tells a lost connection from a bug', () => {
    expect([troubleOf(new ConnectionClosed('gone')), troubleOf(new Error('x')), troubleOf('text')]).toEqual(['DISCONNECTED', 'UNEXPECTED', 'UNEXPECTED'])
  })

  it('does not trust a known code with data of another shape', () => {
    expect(troubleOf(told('NOT_FOUND', { nope: 1 }))).toBe('UNEXPECTED')
    expect(troubleOf(told('toString', {}))).toBe('UNEXPECTED')
  })

  it('has an answer for every code of the contract', () => {
    const samples = { NOT_FOUND: { noun: 'guest', name: 'x', known: [] }, REFUSED: { code: 'busy', subject: 's', reason: 'r' }, FAILED: { part: 'p', reason: 'r' }, PREREQUISITE: { what: 'w', reason: 'r', remedy: 'm' }, CANCELLED: { what: 'w' } }
    expect(Object.keys(samples).sort()).toEqual(Object.keys(errors).sort())
    for (const [code, data] of Object.entries(samples)) expect(troubleOf(told(code, data))).toBe(code)
  })
})
