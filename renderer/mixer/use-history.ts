import { useEffect, useState } from 'react'
import type { HistorySpan, HostHistory } from '../../src/contract/host.ts'
import type { Session } from '../store/session.ts'

/** The load of every guest over a span, read again with each of its steps; null until the first answer for that span. */
export function useHistory(session: Session, span: HistorySpan): HostHistory | null {
  const [history, setHistory] = useState<HostHistory | null>(null)
  useEffect(() => {
    const ended = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const read = async () => {
      let waitMs = 1_000
      try {
        const next = await session.connection.client.host.history({ span }, { signal: ended.signal })
        if (!ended.signal.aborted) setHistory(next)
        waitMs = Math.min(next.stepMs, 10_000)
      } catch {
        // The connection is gone or being made again: the session says so, and this asks on.
      }
      if (!ended.signal.aborted) timer = setTimeout(() => void read(), waitMs)
    }
    void read()
    return () => {
      ended.abort()
      clearTimeout(timer)
    }
  }, [session, span])
  return history?.span === span ? history : null
}
