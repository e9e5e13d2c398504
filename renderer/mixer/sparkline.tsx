import { useEffect, useRef } from 'react'
import { historyLength } from '../store/state.ts'
import styles from './sparkline.module.css'

export interface SparklineProps {
  readonly samples: readonly number[]
  /** The value at the top of the chart; null for the highest sample seen. */
  readonly ceiling: number | null
  readonly label: string
}

/** Live load of the last minute or so, newest at the right, drawn when a sample arrives and at no other time. */
export function Sparkline({ samples, ceiling, label }: SparklineProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    if (canvas.current !== null) draw(canvas.current, samples, ceiling)
  }, [samples, ceiling])
  return <canvas ref={canvas} className={styles.spark} role="img" aria-label={label} />
}

function draw(canvas: HTMLCanvasElement, samples: readonly number[], ceiling: number | null): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  const ratio = window.devicePixelRatio
  const width = canvas.clientWidth
  const height = canvas.clientHeight
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  context.scale(ratio, ratio)
  if (samples.length < 2) return
  const top = Math.max(ceiling ?? 0, ...samples, 1)
  const step = width / (historyLength - 1)
  const left = width - (samples.length - 1) * step
  const color = getComputedStyle(canvas).color
  const at = (sample: number) => height - 1.5 - (sample / top) * (height - 3)
  context.beginPath()
  for (const [index, sample] of samples.entries()) context.lineTo(left + index * step, at(sample))
  context.strokeStyle = color
  context.lineWidth = 1.5
  context.lineJoin = 'round'
  context.stroke()
  context.lineTo(width, height)
  context.lineTo(left, height)
  context.globalAlpha = 0.16
  context.fillStyle = color
  context.fill()
}
