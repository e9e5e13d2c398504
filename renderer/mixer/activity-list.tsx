import { useEffect, useState } from 'react'
import type { GuestName } from '../../src/contract/names.ts'
import type { Activity } from '../../src/contract/policy.ts'
import { clockTime } from '../format.ts'
import { useSession } from '../store/context.ts'
import styles from './mixer-page.module.css'

const refreshMs = 3_000
const shown = 6

/** What was done to a guest, newest first: the last few, each with the rule that caused it. */
export function ActivityList({ name }: { readonly name: GuestName }) {
  const session = useSession()
  const [activity, setActivity] = useState<readonly Activity[]>([])
  useEffect(() => {
    const ended = new AbortController()
    const read = async () => {
      const list = await session.connection.client.guest.activity({ name, limit: shown }, { signal: ended.signal }).catch(() => null)
      if (list !== null && !ended.signal.aborted) setActivity(list)
    }
    void read().catch(() => undefined) // a lost connection is the session's to report
    const timer = setInterval(() => void read().catch(() => undefined), refreshMs)
    return () => {
      clearInterval(timer)
      ended.abort()
    }
  }, [session, name])
  if (activity.length === 0) return null
  return (
    <div className={styles.activity} data-testid={`activity-${name}`}>
      <h3>Activity</h3>
      <ol aria-label="Activity, newest first">
        {activity.toReversed().map((each) => (
          <li key={each.sequence}>
            <time dateTime={each.at}>{clockTime(each.at)}</time>
            <span>{each.text}</span>
            {each.rule !== null && <code>{each.rule}</code>}
          </li>
        ))}
      </ol>
    </div>
  )
}
