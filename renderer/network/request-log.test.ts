import { expect, it } from 'vitest'
import type { HttpLine } from '../../src/contract/network.ts'
import { countWords, narrowed } from './request-log.tsx'

const line = (sequence: number, change: Partial<HttpLine> = {}): HttpLine => ({ sequence, at: '2026-01-01T00:00:00.000Z', from: 'linux', to: 'windows', fromAddress: '10.77.0.11', method: 'GET', host: 'windows.test', path: '/', status: 200, milliseconds: 1, bytes: 1, ...change })

it('shows each request once, newest first, and only those with every word', () => {
  const lines = [line(1), line(3, { status: 404, path: '/Health' }), line(2, { from: 'windows', to: 'linux' }), line(3, { status: 404, path: '/Health' })]
  expect(narrowed(lines, '').map((each) => each.sequence)).toEqual([3, 2, 1])
  expect(narrowed(lines, ' health  404 ').map((each) => each.sequence)).toEqual([3])
  expect(narrowed(lines, 'nothing')).toEqual([])
})

it('says how many requests there are, and when some may be missing', () => {
  expect(countWords(1, 0)).toBe('1 request')
  expect(countWords(350, 0)).toBe('The newest 200 of 350')
  expect(countWords(3, 1_234)).toBe('3 requests. Requests may be missing: under heavy traffic 1234 packets were passed on unread.')
})
