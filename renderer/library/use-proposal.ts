import { useEffect, useState } from 'react'
import type { CreateGuest, GuestProposal } from '../../src/contract/creation.ts'
import { lineFor } from '../../src/contract/sentence.ts'
import type { Session } from '../store/session.ts'

const settleMs = 250

export interface Proposed {
  readonly proposal: GuestProposal | null
  /** Why nothing can be made of the request, in words. */
  readonly problem: string | null
  readonly asking: boolean
}

/** What the host would make of the request, asked again a moment after each change. The last proposal stays meanwhile. */
export function useProposal(session: Session, request: CreateGuest | null): Proposed {
  const [answer, setAnswer] = useState<Pick<Proposed, 'proposal' | 'problem'> & { readonly key: string | null }>({ key: null, proposal: null, problem: null })
  const key = request === null ? null : JSON.stringify(request)
  useEffect(() => {
    if (key === null) return
    const ended = new AbortController()
    const ask = async () => {
      try {
        const proposal = await session.connection.client.guest.propose(JSON.parse(key) as CreateGuest, { signal: ended.signal })
        if (!ended.signal.aborted) setAnswer({ key, proposal, problem: null })
      } catch (error) {
        if (!ended.signal.aborted) setAnswer((before) => ({ key, proposal: before.proposal, problem: lineFor(error) }))
      }
    }
    const timer = setTimeout(() => void ask(), settleMs)
    return () => {
      clearTimeout(timer)
      ended.abort()
    }
  }, [session, key])
  if (key === null) return { proposal: null, problem: null, asking: false }
  return { proposal: answer.proposal, problem: answer.problem, asking: answer.key !== key }
}
