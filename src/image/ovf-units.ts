import { damaged, demand } from './image-problem.ts'

/** `byte * 2^30` and the like (DSP0004, programmatic units); bytes when nothing is said. */
export function unitBytes(units: string | undefined): number {
  if (units === undefined || units === '' || units === 'byte') return 1
  const [, power] = /^byte\s*\*\s*2\^(\d{1,2})$/.exec(units.trim()) ?? []
  if (power !== undefined) return 2 ** Number(power)
  const words: Readonly<Record<string, number>> = { kilobytes: 2 ** 10, megabytes: 2 ** 20, gigabytes: 2 ** 30, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30 }
  const known = words[units.trim().toLowerCase()]
  demand(known !== undefined, () => damaged(`its description counts in "${units.slice(0, 40)}"`))
  return known
}

export function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null
}
