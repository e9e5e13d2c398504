import { type LinkConditions, type LinkPreset, unshaped } from '../../../src/contract/link.ts'

const mbit = 1_000_000
const link = (name: string, title: string, up: number, down: number, each: Partial<LinkConditions>): LinkPreset => ({
  name,
  title,
  up: true,
  tx: { ...unshaped, ...each, bitsPerSecond: up * mbit },
  rx: { ...unshaped, ...each, bitsPerSecond: down * mbit },
})

/** Links to choose from, as a host gives them. */
export const presets: readonly LinkPreset[] = [
  { name: 'unshaped', title: 'Unshaped', up: true, tx: unshaped, rx: unshaped },
  link('lan', 'Office LAN', 1_000, 1_000, { latencyMs: 0.2 }),
  link('wifi', 'Wi-Fi', 100, 200, { latencyMs: 2, jitterMs: 1, loss: 0.001 }),
  link('dsl', 'DSL', 10, 50, { latencyMs: 12, jitterMs: 2 }),
  link('4g', '4G', 12, 40, { latencyMs: 30, jitterMs: 10, loss: 0.002 }),
  link('transatlantic', 'Transatlantic', 100, 100, { latencyMs: 40, jitterMs: 1, loss: 0.0005 }),
  link('satellite', 'Satellite', 3, 25, { latencyMs: 300, jitterMs: 10, loss: 0.005 }),
  link('booth-wifi', 'Lossy booth Wi-Fi', 2, 5, { latencyMs: 20, jitterMs: 15, loss: 0.05, reorder: 0.01 }),
  { name: 'offline', title: 'Offline', up: false, tx: unshaped, rx: unshaped },
]
