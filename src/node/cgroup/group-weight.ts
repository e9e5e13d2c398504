import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readOr } from './read-or.ts'

/** One version's file for weights, its default for a group, and the most that it takes. */
export interface WeightFile {
  readonly name: 'cpu.shares' | 'cpu.weight'
  readonly normal: number
  readonly most: number
}

/**
 * What the guests in the groups below `parent` should weigh together against everything else on this computer: as much
 * as each would by itself, but never more than so many normal ones. A heavy guest takes from the other guests, not from
 * the switch, the window and the desktop. Null when there are none.
 */
export function weightTogether(parent: string, { name, normal, most }: WeightFile): number | null {
  const weights = existsSync(parent) ? readdirSync(parent).map((group) => Number(readOr(join(parent, group, name), '0'))).filter((weight) => weight > 0) : []
  if (weights.length === 0) return null
  return Math.min(most, normal * weights.length, weights.reduce((sum, weight) => sum + weight, 0))
}

/** Gives `parent` that weight; where it is the last group that went, nothing is left to weigh. */
export function balance(parent: string, file: WeightFile): void {
  const weight = weightTogether(parent, file)
  if (weight !== null) writeFileSync(join(parent, file.name), String(weight))
}

/** The same after a group went, where nobody waits for an answer: if it cannot be done, the next change of a weight does it. */
export function rebalance(parent: string, file: WeightFile): void {
  try {
    balance(parent, file)
  } catch {
    // the parent went as well
  }
}
