import { useEffect, useState } from 'react'
import type { GuestInspection } from '../../src/contract/guest-agent.ts'
import type { GuestView } from '../../src/contract/guest.ts'
import { lineFor } from '../../src/contract/sentence.ts'
import { useSession } from '../store/context.ts'

export interface Inspection {
  readonly told: GuestInspection | null
  /** Why nothing was told, in whole sentences. */
  readonly problem: string | null
  readonly asking: boolean
  again(): void
}

/** What the guest's agent tells, asked for whenever the agent begins to answer, and `again` on request. */
export function useInspection(view: Pick<GuestView, 'name' | 'agent'>): Inspection {
  const session = useSession()
  const [round, setRound] = useState(0)
  const [heard, setHeard] = useState<{ readonly round: number; readonly told: GuestInspection | null; readonly problem: string | null }>({ round: -1, told: null, problem: null })
  const { name } = view
  const answers = view.agent === 'live'
  useEffect(() => {
    if (!answers) return
    const ended = new AbortController()
    session.connection.client.guest.inspect({ name }, { signal: ended.signal }).then(
      (told) => !ended.signal.aborted && setHeard({ round, told, problem: null }),
      (error: unknown) => !ended.signal.aborted && setHeard((before) => ({ round, told: before.told, problem: lineFor(error) })),
    )
    return () => ended.abort()
  }, [session, name, answers, round])
  return { told: heard.told, problem: heard.problem, asking: answers && heard.round !== round, again: () => setRound(round + 1) }
}
