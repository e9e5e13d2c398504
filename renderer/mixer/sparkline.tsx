import { historyLength } from '../store/state.ts'
import styles from './sparkline.module.css'

export interface SparklineProps {
  readonly samples: readonly number[]
  /** The value at the top of the chart; null for the highest sample seen. */
  readonly ceiling: number | null
  readonly label: string
}

const width = historyLength - 1
const height = 100

/**
 * Live load of the last minute or so, newest at the right. A drawing that the style sheet stretches, not a canvas: a canvas has
 * to ask for its own size, which makes the browser lay out the whole window for every sample.
 */
export function Sparkline({ samples, ceiling, label }: SparklineProps) {
  const line = samples.length < 2 ? '' : lineThrough(samples, ceiling)
  return (
    <span className={styles.spark} role="img" aria-label={label}>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden>
        {line !== '' && (
          <>
            <path className={styles.area} d={`${line}V${height}H${width - samples.length + 1}Z`} />
            <path className={styles.line} d={line} />
          </>
        )}
      </svg>
    </span>
  )
}

function lineThrough(samples: readonly number[], ceiling: number | null): string {
  const top = Math.max(ceiling ?? 0, ...samples, 1)
  const left = width - samples.length + 1
  return samples.map((sample, index) => `${index === 0 ? 'M' : 'L'}${left + index} ${Math.round((1 - sample / top) * height)}`).join('')
}
