import { useEffect, useRef } from 'react'
import type { Client } from '../../src/contract/connection.ts'
import { useSession, useWindow } from '../store/context.ts'

/** A picture that never changes, asked for once and kept in the window's store under `key`. undefined until it is there. */
export function useStill(key: string, exists: boolean, take: (client: Client, signal: AbortSignal) => Promise<{ readonly png: string }>): string | undefined {
  const session = useSession()
  const picture = useWindow((state) => state.thumbnails[key])
  const ask = useRef(take)
  useEffect(() => {
    ask.current = take
  })
  const missing = exists && picture === undefined
  useEffect(() => {
    if (!missing) return
    const ended = new AbortController()
    ask
      .current(session.connection.client, ended.signal)
      .then(({ png }) => session.store.setState((state) => ({ thumbnails: { ...state.thumbnails, [key]: `data:image/png;base64,${png}` } })))
      .catch(() => undefined) // whoever shows it does without
    return () => ended.abort()
  }, [session, key, missing])
  return picture
}
