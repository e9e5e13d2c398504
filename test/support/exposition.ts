/** A family as a scraper reads it; each sample by its labels, written `guest="linux",network="stage"`. */
export interface ReadFamily {
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly samples: ReadonlyMap<string, number>
}

const metricName = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/
const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const labelPair = /^([a-zA-Z][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/
const decimal = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/

/**
 * Reads the Prometheus text exposition format (version 0.0.4) with nothing forgiven: HELP and TYPE once, in this order,
 * right before the samples of their family; no sample twice; names as Prometheus's own checker wants them. Throws an
 * Error with the line.
 */
export function readExposition(text: string): Map<string, ReadFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line is not ended')
  const families = new Map<string, ReadFamily & { samples: Map<string, number> }>()
  let help: { name: string; text: string } | null = null
  let open = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`)
    }
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? []
    if (kind === 'HELP') {
      if (help !== null || families.has(name)) fail('a family begins where none can')
      if (!metricName.test(name)) fail('not a good name')
      help = { name, text: rest }
    } else if (kind === 'TYPE') {
      if (help === null || help.name !== name) return fail('TYPE without HELP before it')
      if (rest !== 'counter' && rest !== 'gauge') return fail('a type that we do not write')
      if (name.endsWith('_total') !== (rest === 'counter')) fail('counters, and they alone, end in _total')
      families.set(name, { type: rest, help: help.text, samples: new Map() })
      help = null
      open = name
    } else {
      const [, sample = '', labels = '', value = ''] = sampleLine.exec(line) ?? fail('neither a comment nor a sample')
      const family = families.get(sample)
      if (family === undefined || sample !== open || help !== null) return fail('a sample outside its family')
      if (!isLabels(labels)) fail('labels that cannot be read')
      if (family.samples.has(labels)) fail('a sample twice')
      if (!decimal.test(value) && !['+Inf', '-Inf', 'NaN'].includes(value)) fail('not a number')
      family.samples.set(labels, Number(value.replace('Inf', 'Infinity')))
    }
  }
  for (const [name, { samples }] of families) if (samples.size === 0) throw new Error(`${name} has no samples`)
  return families
}

function isLabels(text: string): boolean {
  const seen = new Set<string>()
  let left = text
  while (left !== '') {
    const [whole = '', name = ''] = labelPair.exec(left) ?? []
    if (whole === '' || seen.has(name)) return false
    seen.add(name)
    left = left.slice(whole.length)
  }
  return !text.endsWith(',')
}
