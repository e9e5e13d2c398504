import { cpus, totalmem } from 'node:os'
import goals from './goals.json' with { type: 'json' }

/** The one form of every benchmark's output (design.md, section 12). */
export interface BenchDocument {
  readonly bench: string
  readonly machine: { readonly cores: number; readonly memoryMiB: number; readonly accelerator: string; readonly qemu: string; readonly node: string }
  readonly figures: Figure[]
}

export interface Figure {
  readonly id: string
  readonly value: number
  readonly unit: string
  readonly ours: number
  readonly yardstick: number | null
  readonly better: 'higher' | 'lower'
  readonly goal: number | null
  readonly holds: boolean | null
  readonly runs: number
  readonly spread: readonly [number, number]
}

export function machine(accelerator: string, qemu: string): BenchDocument['machine'] {
  return { cores: cpus().length, memoryMiB: Math.round(totalmem() / 1_048_576), accelerator, qemu, node: process.versions.node }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/**
 * A figure from interleaved runs: `ours[i]` and `yardstick[i]` were measured one after the other. With a yardstick the
 * value is the median of the ratios; without one, the median itself. The goal comes from goals.json, never from code.
 */
export function figure(bench: string, id: string, unit: string, better: Figure['better'], ours: readonly number[], yardstick: readonly number[] | null): Figure {
  const values = yardstick === null ? ours : ours.map((value, index) => value / (yardstick[index] ?? Number.NaN))
  const value = median(values)
  const goal = (goals as Record<string, Record<string, number>>)[bench]?.[id] ?? null
  const holds = goal === null ? null : better === 'lower' ? value <= goal : value >= goal
  return {
    id,
    value: round(value),
    unit: yardstick === null ? unit : 'ratio',
    ours: round(median(ours)),
    yardstick: yardstick === null ? null : round(median(yardstick)),
    better,
    goal,
    holds,
    runs: ours.length,
    spread: [round(Math.min(...values)), round(Math.max(...values))],
  }
}

function round(value: number): number {
  return Number(value.toPrecision(4))
}
