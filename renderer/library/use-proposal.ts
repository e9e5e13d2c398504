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
  const [proposed, setProposed] = useState<Proposed>({ proposal: null, problem: null, asking: false })
  const key = request === null ? null : JSON.stringify(request)
  useEffect(() => {
    if (key === null) {
      setProposed({ proposal: null, problem: null, asking: false })
      return
    }
    const ended = new AbortController()
    setProposed((before) => ({ ...before, asking: true }))
    const ask = async () => {
      try {
        const proposal = await session.connection.client.guest.propose(JSON.parse(key) as CreateGuest, { signal: ended.signal })
        if (!ended.signal.aborted) setProposed({ proposal, problem: null, asking: false })
      } catch (error) {
        if (!ended.signal.aborted) setProposed((before) => ({ ...before, problem: lineFor(error), asking: false }))
      }
    }
    const timer = setTimeout(() => void ask(), settleMs)
    return () => {
      clearTimeout(timer)
      ended.abort()
    }
  }, [session, key])
  return proposed
}
