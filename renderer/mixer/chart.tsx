import { useEffect, useRef } from 'react'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import styles from './chart.module.css'

export interface Line {
  readonly label: string
  readonly values: readonly (number | null)[]
  /** Drawn dashed, to be told from the first without colour. */
  readonly second?: boolean
}

export interface ChartProps {
  readonly title: string
  /** Milliseconds since 1970, one for each value. */
  readonly at: readonly number[]
  readonly lines: readonly Line[]
  readonly spell: (value: number) => string
}

const height = 96

/** One small chart over time: its newest values in words above, lines in the colour of its place. */
export function Chart({ title, at, lines, spell }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot | null>(null)
  const spelling = useRef(spell)
  const labels = lines.map((line) => `${line.label}${line.second === true ? '-' : ''}`).join()

  useEffect(() => {
    spelling.current = spell
  })
  useEffect(() => {
    const element = place.current
    if (element === null) return
    const made = new UPlot(optionsFor(element, labels.split(','), (value) => spelling.current(value)), [[], ...labels.split(',').map(() => [])], element)
    plot.current = made
    const resized = new ResizeObserver(() => made.setSize({ width: Math.max(80, element.clientWidth), height }))
    resized.observe(element)
    return () => {
      resized.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [labels])
  useEffect(() => {
    plot.current?.setData([at.map((ms) => ms / 1_000), ...lines.map((line) => [...line.values])])
  }, [at, lines])

  const newest = lines.map((line) => {
    const value = line.values.findLast((each) => each !== null)
    return `${lines.length > 1 ? `${line.label} ` : ''}${value === undefined || value === null ? '–' : spell(value)}`
  })
  return (
    <figure className={styles.chart} aria-label={`${title}: ${newest.join(', ')}`}>
      <figcaption className={styles.caption}>
        <strong>{title}</strong>
        <span>{newest.join(' · ')}</span>
      </figcaption>
      <div ref={place} className={styles.plot} aria-hidden />
    </figure>
  )
}

function optionsFor(element: HTMLElement, labels: readonly string[], spell: (value: number) => string): UPlot.Options {
  const read = (name: string) => getComputedStyle(element).getPropertyValue(name).trim()
  const axis = { stroke: () => read('--muted'), grid: { stroke: () => read('--line'), width: 1 }, ticks: { show: false }, font: `11px ${read('--font')}` }
  return {
    width: Math.max(80, element.clientWidth),
    height,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [
      { ...axis, grid: { show: false }, size: 20, space: 70 },
      { ...axis, size: 66, splits: (plot) => [0, (plot.scales['y']?.max ?? 1) / 1.1], values: (_plot, splits) => splits.map((value) => spell(value)) },
    ],
    series: [
      {},
      ...labels.map((label) => ({
        label,
        stroke: () => read('--accent'),
        width: 1.5,
        points: { show: false },
        ...(label.endsWith('-') ? { dash: [4, 3] } : { fill: () => `color-mix(in srgb, ${read('--accent')} 16%, transparent)` }),
      })),
    ],
  }
}
