import type { BudgetShare } from '../../src/contract/host.ts'
import { memory } from '../format.ts'
import { useWindow } from '../store/context.ts'
import styles from './budget-bar.module.css'

/** What of the computer is promised to the guests, what is in use, and what is left. */
export function BudgetBar() {
  const budget = useWindow((state) => state.meter?.budget)
  if (budget === undefined) return null
  return (
    <div className={styles.budget} role="group" aria-label="Host budget" data-testid="budget">
      <Share label="Memory" share={budget.memory} spell={memory} />
      <Share label="CPU" share={budget.cpu} spell={(percent) => `${cpus(percent)} CPU${cpus(percent) === '1' ? '' : 's'}`} />
    </div>
  )
}

/** Percent of one CPU as a number of CPUs. */
function cpus(percent: number): string {
  return (percent / 100).toFixed(1).replace(/\.0$/, '')
}

function Share({ label, share, spell }: { readonly label: string; readonly share: BudgetShare; readonly spell: (value: number) => string }) {
  const guests = useWindow((state) => state.guests)
  const over = share.free < 0
  const scale = Math.max(share.total, share.promised + share.reserve, 1)
  const part = (value: number) => `${(value / scale) * 100}%`
  // First what matters: the end of the line may be cut off.
  const words = [
    ...(over ? [`${spell(-share.free)} more than there is`] : []),
    `${spell(share.promised)} promised of ${spell(share.limit)}`,
    `${spell(share.inUse)} in use`,
    ...(over ? [] : [`${spell(share.free)} free`]),
    ...(share.reserve === 0 ? [] : [`${spell(share.reserve)} kept for this computer`]),
  ].join(', ')
  return (
    <div className={styles.share} data-over={over}>
      <div className={styles.words}>
        <strong>{label}</strong>
        <span title={words}>{words}</span>
      </div>
      <div className={styles.bar} role="img" aria-label={`${label}: ${words}`}>
        {share.guests.map((each) => (
          <span key={each.guest} className={styles.promise} data-accent={guests[each.guest]?.view.kind ?? 'other'} style={{ width: part(each.promised) }}>
            <span className={styles.use} style={{ width: `${Math.min(100, (each.inUse / Math.max(each.promised, 1)) * 100)}%` }} />
            <span className={styles.name}>{each.guest}</span>
          </span>
        ))}
        <span className={styles.reserve} style={{ width: part(share.reserve) }} title="Kept for this computer" />
      </div>
    </div>
  )
}
