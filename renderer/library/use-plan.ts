import { useEffect, useState } from 'react'
import type { EditPlan, SettingsChange } from '../../src/contract/guest-settings.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { lineFor } from '../../src/contract/sentence.ts'
import type { Session } from '../store/session.ts'

const settleMs = 200

/** What the changes would do, asked of the host a moment after each; null while nothing is changed. */
export function usePlan(session: Session, name: GuestName, changes: SettingsChange): { readonly plan: EditPlan | null; readonly problem: string | null } {
  const [answer, setAnswer] = useState<{ plan: EditPlan | null; problem: string | null }>({ plan: null, problem: null })
  const key = JSON.stringify(changes)
  useEffect(() => {
    if (key === '{}') return
    const ended = new AbortController()
    const ask = async () => {
      try {
        const plan = await session.connection.client.guest.planEdit({ name, changes: JSON.parse(key) as SettingsChange }, { signal: ended.signal })
        if (!ended.signal.aborted) setAnswer({ plan, problem: null })
      } catch (error) {
        if (!ended.signal.aborted) setAnswer({ plan: null, problem: lineFor(error) })
      }
    }
    const timer = setTimeout(() => void ask(), settleMs)
    return () => {
      clearTimeout(timer)
      ended.abort()
    }
  }, [session, name, key])
  return answer
}
