import type { Priority } from '../contract/control.ts'
import { normalWeight } from './cpu-controls.ts'
import type { Requested } from './readings.ts'

export type PriorityValues = Pick<Requested, 'cpuWeight' | 'cpuCap' | 'diskIops' | 'diskBandwidth'>

/**
 * What each preset asks for. `low` leaves the others half a CPU at least and an unhurried disk; `star`, the guest in the
 * booth's light, wins ten to one against a normal one and is held back by nothing.
 */
export const priorityValues: Readonly<Record<Priority, PriorityValues>> = {
  low: { cpuWeight: 20, cpuCap: 50, diskIops: 500, diskBandwidth: 20_000_000 },
  normal: { cpuWeight: normalWeight, cpuCap: null, diskIops: null, diskBandwidth: null },
  star: { cpuWeight: 1_000, cpuCap: null, diskIops: null, diskBandwidth: null },
}

/** The preset whose values are all asked for; a cap that this host cannot hold does not count. */
export function priorityOf(requested: Requested, canCap: boolean): Priority | null {
  const names = (['low', 'normal', 'star'] as const).filter((name) => {
    const values = priorityValues[name]
    return (Object.keys(values) as (keyof PriorityValues)[]).every((key) => (key === 'cpuCap' && !canCap) || values[key] === requested[key])
  })
  return names[0] ?? null
}
