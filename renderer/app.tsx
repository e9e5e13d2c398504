import { Tooltip } from '@base-ui/react/tooltip'
import { useEffect } from 'react'
import { Dialogs } from './command/dialogs.tsx'
import { useShortcuts } from './command/use-shortcuts.ts'
import { Header } from './host/header.tsx'
import { Notices } from './host/notices.tsx'
import { StatusBar } from './host/status-bar.tsx'
import { Library } from './library/library.tsx'
import { NewGuest } from './library/new-guest.tsx'
import { MixerPage } from './mixer/mixer-page.tsx'
import { GuestFrame } from './stage/guest-frame.tsx'
import { Stage } from './stage/stage.tsx'
import { Waiting } from './stage/waiting.tsx'
import { SessionProvider, useSession, useWindow } from './store/context.ts'
import type { Session } from './store/session.ts'
import { DropGuard } from './ui/drop-guard.tsx'
import { ErrorBoundary } from './ui/error-boundary.tsx'
import { useTheme } from './ui/use-theme.ts'
import styles from './app.module.css'

/** The whole window over one session. */
export function App({ session }: { readonly session: Session }) {
  useEffect(() => {
    session.start()
    return () => session.stop()
  }, [session])
  return (
    <SessionProvider value={session}>
      <Tooltip.Provider delay={500}>
        <DropGuard />
        <ErrorBoundary>
          <Frame />
        </ErrorBoundary>
      </Tooltip.Provider>
    </SessionProvider>
  )
}

function Frame() {
  const session = useSession()
  const heard = useWindow((state) => state.stage !== null && state.link.phase !== 'connecting')
  const only = useWindow((state) => state.only)
  const place = useWindow((state) => state.place)
  const known = useWindow((state) => state.only !== null && state.guests[state.only] !== undefined)
  useTheme()
  useShortcuts()
  useEffect(() => {
    const left = () => document.fullscreenElement === null && session.store.setState({ solo: null })
    document.addEventListener('fullscreenchange', left)
    return () => document.removeEventListener('fullscreenchange', left)
  }, [session])
  if (only !== null) {
    return (
      <>
        <main className={styles.app}>{known ? <GuestFrame name={only} index={0} /> : <Waiting />}</main>
        <Notices />
        <Dialogs />
      </>
    )
  }
  return (
    <div className={styles.app}>
      <Header />
      {heard && place === 'new-guest' ? <NewGuest /> : heard && place === 'library' ? <Library /> : heard && place === 'mixer' ? <MixerPage /> : heard ? <Stage /> : <main className={styles.waiting}><Waiting /></main>}
      <StatusBar />
      <Notices />
      <Dialogs />
    </div>
  )
}
