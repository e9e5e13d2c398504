import { UNSHAPED, type LinkConditions } from './link-shaper.ts'

/** A link as a person knows it, from the guest's side: `tx` is its upload, `rx` its download. */
export interface LinkPreset {
  readonly title: string
  readonly up: boolean
  readonly tx: LinkConditions
  readonly rx: LinkConditions
}

const mbit = 1_000_000

function link(title: string, upMbit: number, downMbit: number, each: Partial<LinkConditions>): LinkPreset {
  return { title, up: true, tx: { ...UNSHAPED, ...each, bitsPerSecond: upMbit * mbit }, rx: { ...UNSHAPED, ...each, bitsPerSecond: downMbit * mbit } }
}

/**
 * Typical links, rounded; delays are one way and a packet between two guests meets its sender's `tx` and its
 * receiver's `rx`. `unshaped` takes everything off.
 */
export const LINK_PRESETS = {
  unshaped: { title: 'Unshaped', up: true, tx: UNSHAPED, rx: UNSHAPED },
  lan: link('Office LAN', 1_000, 1_000, { latencyMs: 0.2 }),
  wifi: link('Wi-Fi', 100, 200, { latencyMs: 2, jitterMs: 1, loss: 0.001 }),
  dsl: link('DSL', 10, 50, { latencyMs: 12, jitterMs: 2 }),
  '4g': link('4G', 12, 40, { latencyMs: 30, jitterMs: 10, loss: 0.002 }),
  transatlantic: link('Transatlantic', 100, 100, { latencyMs: 40, jitterMs: 1, loss: 0.0005 }),
  satellite: link('Satellite', 3, 25, { latencyMs: 300, jitterMs: 10, loss: 0.005 }),
  'booth-wifi': link('Lossy booth Wi-Fi', 2, 5, { latencyMs: 20, jitterMs: 15, loss: 0.05, reorder: 0.01 }),
  offline: { title: 'Offline', up: false, tx: UNSHAPED, rx: UNSHAPED },
} as const satisfies Record<string, LinkPreset>

export type LinkPresetName = keyof typeof LINK_PRESETS
