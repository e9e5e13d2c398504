import type { LinkConditions, LinkShape } from '../../src/contract/link.ts'
import { bitRate } from '../format.ts'

export type ConditionName = 'bitsPerSecond' | 'latencyMs' | 'jitterMs' | 'loss' | 'reorder'

/** One condition as a slider with fixed stops; the value shown is always the exact one. */
export interface ConditionScale {
  readonly name: ConditionName
  readonly title: string
  readonly stops: readonly (number | null)[]
  spell(value: number | null): string
}

const milliseconds = (value: number | null) => `${Number((value ?? 0).toFixed(1))} ms`
const percent = (value: number | null) => `${Number(((value ?? 0) * 100).toFixed(2))} %`

export const conditionScales: readonly ConditionScale[] = [
  {
    name: 'bitsPerSecond',
    title: 'Bandwidth',
    stops: [64e3, 128e3, 256e3, 512e3, 1e6, 2e6, 5e6, 10e6, 20e6, 50e6, 100e6, 200e6, 500e6, 1e9, 2e9, 5e9, 10e9, null],
    spell: (value) => (value === null ? 'No limit' : bitRate(value)),
  },
  { name: 'latencyMs', title: 'Latency (one way)', stops: [0, 1, 2, 5, 10, 15, 20, 30, 40, 60, 80, 100, 150, 200, 300, 500, 750, 1_000, 2_000], spell: milliseconds },
  { name: 'jitterMs', title: 'Jitter (±)', stops: [0, 1, 2, 5, 10, 15, 20, 30, 50, 100, 200, 500], spell: milliseconds },
  { name: 'loss', title: 'Packet loss', stops: [0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5], spell: percent },
  // Frames overtake only where the others wait: without latency there is nothing to reorder.
  { name: 'reorder', title: 'Reordering (with latency)', stops: [0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5], spell: percent },
]

/** The index of the stop nearest to a value; no limit is its own. */
export function stopOf({ stops }: ConditionScale, value: number | null): number {
  const distances = stops.map((stop) => (stop === null || value === null ? (stop === value ? 0 : Number.POSITIVE_INFINITY) : Math.abs(stop - value)))
  return distances.indexOf(Math.min(...distances))
}

/** Whether both directions are alike, so that one slider can stand for both. */
export function isSymmetric({ tx, rx }: LinkShape): boolean {
  return (Object.keys(tx) as (keyof LinkConditions)[]).every((key) => tx[key] === rx[key])
}

/** What a link does, in a few words for the plug: the preset's title, or its tightest conditions; null when nothing. */
export function shapeWords({ tx, rx }: LinkShape): string | null {
  const rates = [tx.bitsPerSecond, rx.bitsPerSecond].filter((rate) => rate !== null)
  const latency = Math.max(tx.latencyMs, rx.latencyMs)
  const loss = Math.max(tx.loss, rx.loss)
  const reorder = latency === 0 ? 0 : Math.max(tx.reorder, rx.reorder)
  const parts = [rates.length === 0 ? null : bitRate(Math.min(...rates)), latency === 0 ? null : milliseconds(latency), loss === 0 ? null : `${percent(loss)} loss`, reorder === 0 ? null : `${percent(reorder)} reordered`].filter((part) => part !== null)
  return parts.length === 0 ? null : parts.join(', ')
}
