import { mebibytesInWords } from '../../src/contract/amount.ts'
import type { Control } from '../../src/contract/control.ts'

/** A number and its unit, in units of 1; null when it is not one. At most three decimals. */
export function readAmount(text: string, units: Readonly<Record<string, number>>): number | null {
  const [, digits = '', unit = ''] = /^(\d{1,12}(?:\.\d{1,3})?)([A-Za-z%]+)$/.exec(text) ?? []
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined
  return factor === undefined ? null : Math.round(Number(digits) * factor * 1000) / 1000
}

/** `2.5 s`, `380 ms`; for people. */
export function formatMilliseconds(milliseconds: number | null): string {
  if (milliseconds === null) return '-'
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
}

/** A control's value as `diptych set` would take it. */
export function formatControl(value: number | null, unit: Control['unit']): string {
  if (value === null) return 'unlimited'
  switch (unit) {
    case 'percent':
      return `${value}%`
    case 'MiB':
      return mebibytesInWords(value).replace(' ', '')
    case 'vCPU':
    case 'weight':
    case 'IO/s':
      return String(value)
    case 'B/s':
      return `${scaled(value, [[1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB'], [1, 'B']])}/s`
    case 'bit/s':
      return scaled(value, [[1e9, 'Gbit'], [1e6, 'Mbit'], [1e3, 'kbit'], [1, 'bit']])
  }
}

function scaled(value: number, units: readonly (readonly [number, string])[]): string {
  const [factor, name] = units.find(([each]) => value >= each) ?? [1, units.at(-1)?.[1] ?? '']
  return `${Number((value / factor).toFixed(3))}${name}`
}

/** `1.4 MB`, decimal units as networks count them. */
export function formatBytes(bytes: number): string {
  const [factor, name] = bytes >= 1e9 ? [1e9, 'GB'] : bytes >= 1e6 ? [1e6, 'MB'] : bytes >= 1e3 ? [1e3, 'kB'] : [1, 'B']
  return `${Number((bytes / Number(factor)).toFixed(1))} ${name}`
}
