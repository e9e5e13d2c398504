import { LoaderCircle, Play } from 'lucide-react'
import type { ReactNode } from 'react'
import type { GuestView } from '../../src/contract/guest.ts'
import { reasonAgainst } from '../command/reason.ts'
import type { ScreenPhase } from '../screen/viewer.ts'
import { useSession } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import styles from './overlay.module.css'

/** What covers a guest's screen when there is nothing live to see, or only a still picture. */
export function Overlay({ view, phase }: { readonly view: GuestView; readonly phase: ScreenPhase }) {
  const session = useSession()
  const { name } = view
  const start = (
    <Button
      variant="primary"
      size="large"
      disabledReason={reasonAgainst(view.actions.start)}
      onClick={() => void session.askWithinBudget(`start ${name}`, (client, force) => client.guest.start({ name, force }))}
    >
      <Play aria-hidden />
      Start
    </Button>
  )
  const logs = <Button onClick={() => session.open({ kind: 'logs', guest: name })}>Show logs</Button>

  switch (view.state) {
    case 'defined':
      return <Cover title="Never started" text="Its disk is ready.">{start}</Cover>
    case 'stopped':
      return <Cover title="Stopped">{start}</Cover>
    case 'suspended':
      return <Cover title="Suspended" text="It goes on where it was left.">{start}</Cover>
    case 'failed':
      return (
        <Cover title="Failed" tone="bad" text={view.detail ?? 'It ended without saying why; its logs may tell.'}>
          {start}
          {logs}
        </Cover>
      )
    case 'paused':
      return (
        <Cover title="Paused" dim>
          <Button
            variant="primary"
            size="large"
            disabledReason={reasonAgainst(view.actions.resume)}
            onClick={() => void session.askGuest(`resume ${name}`, (client) => client.guest.resume({ name }))}
          >
            <Play aria-hidden />
            Resume
          </Button>
        </Cover>
      )
    case 'starting':
      return phase === 'live' ? null : <Cover title="Starting" busy text={view.detail ?? 'Powering on.'} />
    case 'suspending':
      return <Cover title="Suspending" busy dim text={view.detail ?? 'Writing its memory to disk.'} />
    case 'stopping':
      return (
        <Cover title="Stopping" busy dim text={view.detail ?? 'Asked the guest to shut down.'}>
          <Button disabledReason={reasonAgainst(view.actions.forceStop)} onClick={() => session.open({ kind: 'force-stop', guest: name })}>
            Force stop…
          </Button>
        </Cover>
      )
    case 'running':
      if (!view.screen.available) return <Cover title="No screen" text={view.screen.reason ?? 'The guest shows none.'} />
      if (phase === 'connecting') return <Cover title="Connecting to the screen" busy />
      if (phase === 'reconnecting') return <Cover title="Reconnecting to the screen" busy dim text="The guest runs on." />
      return null
  }
}

interface CoverProps {
  readonly title: string
  readonly text?: string
  readonly tone?: 'plain' | 'bad'
  readonly busy?: boolean
  /** Lets the last picture show through. */
  readonly dim?: boolean
  readonly children?: ReactNode
}

function Cover({ title, text, tone = 'plain', busy = false, dim = false, children }: CoverProps) {
  return (
    <div className={styles.cover} data-dim={dim} data-tone={tone}>
      {busy && <LoaderCircle className={styles.busy} aria-hidden />}
      <p className={styles.title}>{title}</p>
      {text !== undefined && <p className={styles.text}>{text}</p>}
      {children !== undefined && <div className={styles.actions}>{children}</div>}
    </div>
  )
}
