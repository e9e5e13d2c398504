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
  const why = Object.entries(reasons).map(([reason, count]) => `${count} ${reasonWords[reason] ?? reason}`)
  return (
    <p className={styles.totals} data-testid={`totals-${guest}`}>
      Sent {byteCount(port.txBytes)}, received {byteCount(port.rxBytes)}. {why.length === 0 ? 'Nothing dropped.' : `Dropped: ${why.join(', ')}.`}
    </p>
  )
}

/** The switch's reasons for dropping a frame (src/network/drops.ts), for a reader. */
const reasonWords: Readonly<Record<string, string>> = {
  'link-down': 'while a link was cut',
  'no-carrier': 'for a guest not connected',
  'queue-full': 'in a full queue',
  loss: 'lost as asked',
  storm: 'in a broadcast storm',
  'mac-spoof': 'from a foreign MAC address',
  'ip-spoof': 'from a foreign IP address',
  'role-spoof': 'posing as the gateway',
  'gateway-busy': 'asking the gateway too often',
  'gateway-refused': 'refused by the gateway',
}
