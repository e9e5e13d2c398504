/** `30s`, `10m`, `2h` in milliseconds; the contract's schema has let nothing else through. */
export function durationMs(text: string): number {
  const factor = { s: 1_000, m: 60_000, h: 3_600_000 }[text.slice(-1)] ?? Number.NaN
  return Number(text.slice(0, -1)) * factor
}

/** The weight of `weight=10`; null for `pause`. */
export function weightIn(then: string): number | null {
  const digits = /^weight=(\d+)$/.exec(then)?.[1]
  return digits === undefined ? null : Number(digits)
}
