import { expect, it } from 'vitest'
import type { SetupStep, StageView } from '../../src/contract/stage.ts'
import { ProgressWriter } from './progress.ts'
import { createTerminal } from './terminal.ts'

const step = (id: SetupStep['id'], change: Partial<SetupStep>): SetupStep => ({ id, title: id, status: 'waiting', detail: '', fraction: null, expectedSeconds: null, remedy: null, ...change })
const stage = (...steps: SetupStep[]): StageView => ({ status: 'working', steps, guests: [], warm: false })

it('shows on a terminal one live line of everything that runs, below the lines of what has ended', () => {
  const written: string[] = []
  const writer = new ProgressWriter(createTerminal({ write: () => undefined }, { isTTY: true, columns: 100, write: (text) => written.push(text) }, {}))
  const linux = step('guest:linux', { status: 'running', detail: 'unpacking', fraction: 0.205, expectedSeconds: 61.2 })
  const windows = step('guest:windows', { status: 'running' })
  writer.show(stage(linux, windows, step('network', { status: 'running' })))
  writer.show(stage(linux, windows, step('network', { status: 'done', detail: '10.77.0.0/24' })))
  const live = 'guest:linux: 20% unpacking, about 62 s left  |  guest:windows: …'
  expect(written).toEqual([`\r\x1b[K${live}  |  network: …`, '\r\x1b[K', 'network: done. 10.77.0.0/24\n', `\r\x1b[K${live}`])
})

it('says nothing of what was done before it looked', () => {
  const written: string[] = []
  const writer = new ProgressWriter(createTerminal({ write: () => undefined }, { write: (text) => written.push(text) }, {}))
  writer.show(stage(step('packages', { status: 'done' }), step('network', { status: 'waiting' })))
  expect(written).toEqual([])
})
