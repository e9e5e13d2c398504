import { X } from 'lucide-react'
import { remaining } from '../format.ts'
import { Button } from './button.tsx'
import styles from './progress-card.module.css'

export interface ProgressCardProps {
  readonly title: string
  readonly detail: string
  /** 0 to 1; null while it cannot be told. */
  readonly fraction: number | null
  readonly expectedSeconds: number | null
  /** Why it cannot be cancelled, a whole sentence; null when it can. */
  readonly uncancellable: string | null
  readonly onCancel: () => void
  readonly status?: string
  readonly testId?: string
}

/** How far one piece of long work is, and the way to stop it. */
export function ProgressCard({ title, detail, fraction, expectedSeconds, uncancellable, onCancel, status, testId }: ProgressCardProps) {
  const share = fraction === null ? null : Math.round(fraction * 100)
  const left = expectedSeconds === null ? null : remaining(expectedSeconds)
  return (
    <div className={styles.task} data-testid={testId} data-status={status}>
      <div className={styles.words}>
        <strong title={title}>{title}</strong>
        <span className={styles.detail} role="status">
          {[share === null ? null : `${share} %`, detail, left].filter((part) => part !== null && part !== '').join(', ')}
        </span>
      </div>
      <div
        className={styles.track}
        role="progressbar"
        aria-label={title}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={share ?? undefined}
        data-unknown={share === null}
      >
        <span style={share === null ? undefined : { width: `${share}%` }} />
      </div>
      <Button variant="icon" hint={`Cancel: ${title}`} disabledReason={uncancellable} onClick={onCancel}>
        <X aria-hidden />
      </Button>
    </div>
  )
}
