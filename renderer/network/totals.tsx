import { dropInWords } from '../../src/contract/drops.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { byteCount } from '../format.ts'
import { useWindow } from '../store/context.ts'
import styles from './link-popover.module.css'
import { useStatistics } from './use-statistics.ts'

/** What passed a link since the switch started, and what did not and why. */
export function Totals({ guest }: { readonly guest: GuestName }) {
  const port = useWindow((state) => state.network?.ports.find((each) => each.guest === guest))
  const statistics = useStatistics()
  if (port === undefined) return null
  const reasons = statistics?.ports.find((each) => each.guest === guest)?.drops ?? {}
  const why = Object.entries(reasons).map(([reason, count]) => dropInWords(reason, count))
  return (
    <p className={styles.totals} data-testid={`totals-${guest}`}>
      Sent {byteCount(port.txBytes)}, received {byteCount(port.rxBytes)}. {why.length === 0 ? 'Nothing dropped.' : `Dropped: ${why.join(', ')}.`}
    </p>
  )
}
