import { expect, it } from 'vitest'
import type { HttpLine } from '../../src/contract/network.ts'
import { narrowed } from './request-log.tsx'

const line = (sequence: number, change: Partial<HttpLine> = {}): HttpLine => ({ sequence, at: '2026-01-01T00:00:00.000Z', from: 'linux', to: 'windows', fromAddress: '10.77.0.11', method: 'GET', host: 'windows.test', path: '/', status: 200, milliseconds: 1, bytes: 1, ...change })

it('shows each request once, newest first, and only those with every word', () => {
  const lines = [line(1), line(3, { status: 404, path: '/Health' }), line(2, { from: 'windows', to: 'linux' }), line(3, { status: 404, path: '/Health' })]
  expect(narrowed(lines, '').map((each) => each.sequence)).toEqual([3, 2, 1])
  expect(narrowed(lines, ' health  404 ').map((each) => each.sequence)).toEqual([3])
  expect(narrowed(lines, 'nothing')).toEqual([])
})
