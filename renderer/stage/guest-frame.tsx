import { useCallback, useState } from 'react'
import { filesToCopy } from '../agent/copying.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { capital, displayName, stateWords } from '../format.ts'
import { chordLabel } from '../screen/release-chord.ts'
import type { ScreenPhase } from '../screen/viewer.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { OsMark } from '../ui/os-mark.tsx'
import { StateMark } from '../ui/state-mark.tsx'
import { useDrop } from '../ui/use-drop.ts'
import { GuestActions } from './guest-actions.tsx'
import styles from './guest-frame.module.css'
import { GuestTasks } from './guest-tasks.tsx'
import { Overlay } from './overlay.tsx'
import { Screen } from './screen.tsx'

/** One guest on the stage: who it is, how it is, its screen, and what can be done with it. */
export function GuestFrame({ name, index }: { readonly name: GuestName; readonly index: number }) {
  const session = useSession()
  const view = useWindow((state) => state.guests[name]?.view)
  const hasKeys = useWindow((state) => state.keysTo === name)
  const solo = useWindow((state) => state.solo === name || state.only === name)
  const chord = useWindow((state) => state.settings.releaseChord)
  const [phase, setPhase] = useState<ScreenPhase>('connecting')
  const report = useCallback((next: ScreenPhase) => setPhase(next), [])
  const { over, handlers } = useDrop((dropped) => {
    const files = filesToCopy(session, dropped)
    if (files.length > 0) session.open({ kind: 'copy-in', guest: name, files })
  })
  if (view === undefined) return null

  const title = displayName(view)
  const words = stateWords(view)
  const active = view.screen.available && ['starting', 'running', 'paused', 'suspending', 'stopping'].includes(view.state)
  return (
    <section
      className={styles.frame}
      data-testid={`guest-${name}`}
      data-frame={name}
      data-accent={view.kind}
      data-keys={hasKeys}
      data-solo={solo}
      data-state={view.state}
      aria-label={title}
      tabIndex={-1}
      {...handlers}
    >
      <header className={styles.header}>
        <span className={styles.mark}>
          <OsMark kind={view.kind} />
        </span>
        <div className={styles.who}>
          <h2 className={styles.title} title={title}>
            {title}
          </h2>
          <p className={styles.facts}>
            <span className={styles.state} data-state={view.state} data-agent={view.agent} data-testid={`state-${name}`}>
              <StateMark view={view} />
              {capital(words)}
            </span>
            {view.state === 'running' && <span className={styles.address} title={view.network.dnsName}>{view.network.ipv4 ?? 'no address yet'}</span>}
            {view.kind === 'windows-stand-in' && (
              <Button variant="link" aria-label="Use real Windows…" onClick={() => session.open({ kind: 'real-windows' })}>
                <span className={styles.optional}>Use </span>real Windows…
              </Button>
            )}
          </p>
        </div>
        <p className={styles.keys} aria-live="polite">
          {hasKeys && (
            <>
              <strong>Keys go here</strong>
              <span>{chordLabel(chord)} releases</span>
            </>
          )}
        </p>
        <GuestActions view={view} index={index} />
      </header>
      <div className={styles.glass}>
        <Screen name={name} label={title} active={active} paused={view.state === 'paused'} clipboard={view.clipboard} ownSize={view.screen.size} onPhase={report} />
        <Overlay view={view} phase={phase} />
        <GuestTasks name={name} />
        {over && <p className={styles.drop}>{`Drop to copy into ${title}`}</p>}
      </div>
    </section>
  )
}
