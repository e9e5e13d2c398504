import { rangeInWords } from '../../src/contract/amount.ts'
import type { Control } from '../../src/contract/control.ts'

/** The parts of a control that decide where its values lie on the slider. */
export type Range = Pick<Control, 'minimum' | 'maximum' | 'step' | 'unlimited' | 'unit'>

/** A slider counts in whole positions: 0 is the minimum, `top` the maximum or, past it, "no limit". */
export interface Scale {
  readonly top: number
  readonly largeStep: number
  toPosition(value: number | null): number
  /** `from`: the value before the move. Downwards out of "no limit", any position of its room means the maximum. */
  fromPosition(position: number, from?: number | null): number | null
}

/** Positions per factor of ten on a logarithmic slider: 20 make a step of about 12 %. */
const positionsPerDecade = 20

/** The room that "no limit" takes above the maximum, as a share of the whole track. */
const unlimitedShare = 0.06

/**
 * Rates and weights run logarithmically (1 Mbit/s to 10 Gbit/s is four decades), everything else in even steps. Values
 * outside the range land on its nearest end, `null` on the top of an unlimited control.
 */
export function scaleOf(range: Range): Scale {
  return ['bit/s', 'B/s', 'IO/s', 'weight'].includes(range.unit) ? logarithmic(range) : linear(range)
}

function linear(range: Range): Scale {
  const steps = Math.max(1, Math.round((range.maximum - range.minimum) / range.step))
  const top = range.unlimited ? steps + room(steps) : steps
  return {
    top,
    largeStep: Math.max(1, Math.round(steps / 10)),
    toPosition: (value) => (value === null ? top : clamp((value - range.minimum) / range.step, 0, steps)),
    fromPosition: (position, from) => {
      if (range.unlimited && position > steps) return from === null && position < top ? range.maximum : null
      return Math.min(range.maximum, range.minimum + Math.round(clamp(position, 0, steps)) * range.step)
    },
  }
}

function logarithmic(range: Range): Scale {
  const decades = Math.log10(range.maximum / range.minimum)
  const steps = Math.max(1, Math.round(decades * positionsPerDecade))
  const top = range.unlimited ? steps + room(steps) : steps
  return {
    top,
    largeStep: positionsPerDecade / 2,
    toPosition: (value) => {
      if (value === null) return top
      return clamp((Math.log10(value / range.minimum) / decades) * steps, 0, steps)
    },
    fromPosition: (position, from) => {
      if (range.unlimited && position > steps) return from === null && position < top ? range.maximum : null
      const exact = range.minimum * 10 ** ((clamp(position, 0, steps) / steps) * decades)
      return clamp(round2(exact), range.minimum, range.maximum)
    },
  }
}

function room(steps: number): number {
  return Math.max(1, Math.round(steps * unlimitedShare))
}

/** Two significant digits, so that a drag reads 1.2 Mbit/s and not 1.258925. */
function round2(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1)
  return Math.round(value / unit) * unit
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}

/** A value from typed text, or the reason it is none, as a sentence. */
export type Parsed = { readonly value: number | null } | { readonly problem: string }

const factors: Record<Control['unit'], readonly (readonly [RegExp, number])[]> = {
  vCPU: [[/^(v?cpus?)?$/i, 1]],
  percent: [[/^(%|percent)?$/i, 1]],
  weight: [[/^$/, 1]],
  'IO/s': [[/^(io\/?s|iops)?$/i, 1]],
  'B/s': [
    [/^(m|mb|mb\/s)?$/i, 1e6],
    [/^(k|kb|kb\/s)$/i, 1e3],
    [/^(g|gb|gb\/s)$/i, 1e9],
  ],
  MiB: [
    [/^(m|mb|mib)?$/i, 1],
    [/^(g|gb|gib)$/i, 1024],
  ],
  'bit/s': [
    [/^(m|mbit|mbps|mbit\/s)?$/i, 1e6],
    [/^(k|kbit|kbps|kbit\/s)$/i, 1e3],
    [/^(g|gbit|gbps|gbit\/s)$/i, 1e9],
  ],
}

/** Reads what a person types into a slider's field: `250 Mbit/s`, `1.5G`, `75 %`, `512`, `no limit`. */
export function parseTyped(text: string, range: Range): Parsed {
  const trimmed = text.trim().replace(',', '.')
  if (/^(no (limit|cap)|unlimited|none|off)$/i.test(trimmed)) {
    return range.unlimited ? { value: null } : { problem: 'This value cannot be unlimited; type a number.' }
  }
  const match = /^(\d+(?:\.\d+)?)\s*(.*)$/.exec(trimmed)
  const factor = factors[range.unit].find(([pattern]) => pattern.test(match?.[2] ?? '?'))?.[1]
  if (match === null || factor === undefined) return { problem: `Type a number, for example ${example[range.unit]}.` }
  const value = Math.round(Number(match[1]) * factor)
  if (value < range.minimum || value > range.maximum) {
    return { problem: `Type a value between ${rangeInWords(range).join(' and ')}.` }
  }
  return { value }
}

const example: Record<Control['unit'], string> = {
  vCPU: '2',
  percent: '75 %',
  weight: '200',
  MiB: '512 MiB or 2 GiB',
  'IO/s': '500',
  'B/s': '20 MB/s',
  'bit/s': '250 Mbit/s or 1 Gbit/s',
}

/** A value in words, as the slider's field and the screen reader show it. */
export function spell(value: number | null, unit: Control['unit']): string {
  if (value === null) return unit === 'percent' ? 'no cap' : 'no limit'
  if (unit === 'percent') return `${trim(value)} %`
  if (unit === 'MiB') return `${trim(value)} MiB`
  if (unit === 'vCPU') return `${value} vCPU${value === 1 ? '' : 's'}`
  if (unit === 'weight') return String(value)
  if (unit === 'IO/s') return `${trim(value)} IO/s`
  if (unit === 'B/s') return value >= 1e9 ? `${trim(value / 1e9)} GB/s` : value >= 1e6 ? `${trim(value / 1e6)} MB/s` : `${trim(value / 1e3)} kB/s`
  if (value >= 1e9) return `${trim(value / 1e9)} Gbit/s`
  if (value >= 1e6) return `${trim(value / 1e6)} Mbit/s`
  return `${trim(value / 1e3)} kbit/s`
}

function trim(value: number): string {
  return String(Math.round(value * 10) / 10)
}
