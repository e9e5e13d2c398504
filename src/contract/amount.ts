import type { Control } from './control.ts'

type Step = readonly [factor: number, unit: string]

const binary: readonly Step[] = [[2 ** 20, 'TiB'], [2 ** 10, 'GiB'], [1, 'MiB']]
const decimal = (unit: string): readonly Step[] => [[1e9, `G${unit}`], [1e6, `M${unit}`], [1e3, `k${unit}`], [1, unit]]

/**
 * MiB as people write memory and disks: `512 MiB`, `1.5 GiB`, `64 TiB`. Without `round` exactly, in the largest unit that needs
 * at most one decimal; with it to a tenth of the largest unit: `Math.floor` for what there is, `Math.ceil` for what is needed,
 * so that a limit is never told as more than it is.
 */
export function mebibytesInWords(mebibytes: number, round?: (value: number) => number): string {
  return inWords(round === undefined ? mebibytes : round(mebibytes), binary, round)
}

/** A slider's value, or an end of its range, in the unit a person would use: `1 Gbit/s`, `20 MB/s`, `2 GiB`, `75 %`. */
export function valueInWords(value: number, unit: Control['unit'], round?: (value: number) => number): string {
  switch (unit) {
    case 'MiB':
      return mebibytesInWords(value, round)
    case 'B/s':
    case 'bit/s':
      return inWords(value, decimal(unit), round)
    case 'percent':
      return `${value} %`
    case 'weight':
      return String(value)
    case 'vCPU':
      return value === 1 ? '1 vCPU' : `${value} vCPUs`
    case 'IO/s':
      return `${value} IO/s`
  }
}

/** Both ends of a slider's range, each rounded inwards: whoever types one of them is within it. */
export function rangeInWords({ minimum, maximum, unit }: Pick<Control, 'minimum' | 'maximum' | 'unit'>): readonly [least: string, most: string] {
  return [valueInWords(minimum, unit, Math.ceil), valueInWords(maximum, unit, Math.floor)]
}

function inWords(value: number, steps: readonly Step[], round?: (value: number) => number): string {
  for (const [factor, unit] of steps) {
    const tenths = (value * 10) / factor
    if (Math.abs(value) < factor && factor > 1) continue
    if (factor === 1) return `${round === undefined ? Math.round(tenths) / 10 : round(value)} ${unit}`
    if (round !== undefined || Number.isInteger(tenths)) return `${(round ?? Math.round)(tenths) / 10} ${unit}`
  }
  return String(value)
}
