import { createContext, useContext } from 'react'
import { useStore } from 'zustand'
import type { Session } from './session.ts'
import type { WindowState } from './state.ts'

const SessionContext = createContext<Session | null>(null)
export const SessionProvider = SessionContext.Provider

/** The window's session; only inside `SessionProvider`. */
export function useSession(): Session {
  const session = useContext(SessionContext)
  if (session === null) throw new Error('useSession is used outside SessionProvider')
  return session
}

/** A part of the window's state; the component renders again only when that part changes. */
export function useWindow<T>(select: (state: WindowState) => T): T {
  return useStore(useSession().store, select)
}
