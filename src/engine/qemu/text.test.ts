import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBase64 } from './base64.ts'
import { consoleLine } from './console-line.ts'
import { machineEvent, machineStatus, shutdownReason } from './machine-event.ts'
import { explainStartFailure } from './start-failure.ts'

test('base64 decodes what Node encodes, and no more than allowed', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void expect([...decodeBase64(Buffer.from(bytes).toString('base64'), 1000)]).toEqual([...bytes])))
  expect(decodeBase64(Buffer.from('hello').toString('base64'), 2)).toHaveLength(2)
  expect(decodeBase64('!!! not base64 ???', 100).length).toBeLessThan(20)
})

test('console lines lose escape sequences and control characters and are cut', () => {
  const line = (text: string) => consoleLine(new TextEncoder().encode(text))
  expect(line('\u001b[1;31mred\u001b[0m\u0007 and \u001b]0;title\u0007plain\r')).toBe('red and plain')
  expect(line('x'.repeat(5000))).toHaveLength(1000)
})

describe('a failed start in words', () => {
  const prefix = '2026-11-22T16:38:07.000000Z qemu-system-x86_64: '
  test('a locked disk names the way out', () => {
    const told = explainStartFailure('linux', `${prefix}-drive file=d: Failed to get "write" lock\nIs another process using the image [d]?\n`, 'exit code 1')
    expect(told).toMatchObject({ part: 'disk', reason: expect.stringContaining('in use by another program') as string, remedy: expect.any(String) as string })
  })
  test('QEMU’s words are passed on without their prefix, warnings left out', () => {
    expect(explainStartFailure('linux', `${prefix}warning: harmless\n${prefix}-device x: no such device\n`, 'exit code 1')).toEqual({
      part: 'qemu',
      reason: 'QEMU could not start linux: -device x: no such device',
    })
  })
  test('silence is told with how it ended', () => {
    expect(explainStartFailure('linux', '', 'signal SIGKILL').reason).toContain('(signal SIGKILL)')
  })
})

test('QMP events become the engine’s', () => {
  expect(machineEvent({ name: 'VSERPORT_CHANGE', data: { id: 'agent0', open: true } })).toEqual({ type: 'agent', open: true })
  expect(machineEvent({ name: 'VSERPORT_CHANGE', data: { id: 'clip0', open: true } })).toBeNull()
  expect(machineEvent({ name: 'BALLOON_CHANGE', data: { actual: 134217728 } })).toEqual({ type: 'balloon', actualMiB: 128 })
  expect(machineEvent({ name: 'BLOCK_IO_ERROR', data: { nospace: true, action: 'stop' } })).toMatchObject({ type: 'disk-fault', paused: true, text: expect.stringContaining('ran out of space') as string })
  expect(machineEvent({ name: 'RTC_CHANGE', data: {} })).toBeNull()
  expect(shutdownReason({ name: 'SHUTDOWN', data: { reason: 'guest-shutdown', guest: true } })).toBe('The guest shut down.')
  expect(['running', 'inmigrate', 'postmigrate', 'io-error', 'guest-panicked', 'shutdown'].map(machineStatus)).toEqual(['running', 'starting', 'paused', 'paused', 'crashed', 'shutdown'])
})
