import { Popover } from '@base-ui/react/popover'
import { CircleAlert, History, TriangleAlert } from 'lucide-react'
import type { Message } from '../../src/contract/host.ts'
import { clockTime, memory, messageWords } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import styles from './status-bar.module.css'

/** The host at a glance: its load, how guests are run and why, and what happened last. */
export function StatusBar() {
  const host = useWindow((state) => state.host)
  const link = useWindow((state) => state.link)
  const messages = useWindow((state) => state.messages)
  const session = useSession()
  const last = messages.at(-1)
  return (
    <footer className={styles.bar} data-testid="status-bar" aria-label="Host">
      {link.phase === 'reconnecting' ? (
        <span className={styles.lost} role="alert">
          <TriangleAlert aria-hidden />
          Connection to the host lost. Reconnecting, try {link.attempt}.
          <Button variant="link" onClick={() => session.retryNow()}>
            Try now
          </Button>
        </span>
      ) : (
        <>
          <HostLoad />
          {host !== null && (
            <span className={styles.engine} title={host.accelerator.reason}>
              <strong>{host.accelerator.kind === 'kvm' ? 'KVM' : 'Emulation (TCG)'}</strong>
              <span className={styles.reason}>{host.accelerator.reason.replace(/^(Emulation|KVM)[^:]{0,8}:\s*/i, '')}</span>
            </span>
          )}
        </>
      )}
      <div className={styles.messages}>
        <p className={styles.last} role="status" aria-live="polite" data-level={last?.level}>
          {last !== undefined && (
            <>
              <LevelIcon level={last.level} />
              <Words of={last} />
            </>
          )}
        </p>
        <Popover.Root>
          <Button variant="icon" hint="Messages" as={<Popover.Trigger />}>
            <History aria-hidden />
          </Button>
          <Popover.Portal>
            <Popover.Positioner className={styles.positioner} side="top" align="end" sideOffset={6}>
              <Popover.Popup className={styles.popup}>
                <Popover.Title className={styles.heading}>Messages</Popover.Title>
                {messages.length === 0 ? (
                  <p className={styles.empty}>Nothing has happened yet.</p>
                ) : (
                  <ol className={styles.list}>
                    {messages.toReversed().map((message) => (
                      <li key={`${message.sequence}${message.at}`} data-level={message.level}>
                        <time dateTime={message.at}>{clockTime(message.at)}</time>
                        <LevelIcon level={message.level} />
                        <Words of={message} />
                      </li>
                    ))}
                  </ol>
                )}
              </Popover.Popup>
            </Popover.Positioner>
          </Popover.Portal>
        </Popover.Root>
      </div>
    </footer>
  )
}

/** Apart from the rest, which need not be drawn again with every reading. */
function HostLoad() {
  const cpus = useWindow((state) => state.host?.cpus ?? 1)
  const meter = useWindow((state) => state.meter)
  return (
    <>
      <Meter label="Host CPU" share={(meter?.cpuPercent ?? 0) / (cpus * 100)} text={meter === null ? '–' : `${Math.round(meter.cpuPercent / cpus)} % of ${cpus} CPU${cpus === 1 ? '' : 's'}`} />
      <Meter
        label="Memory"
        share={meter === null ? 0 : meter.memoryUsedMiB / meter.memoryTotalMiB}
        text={meter === null ? '–' : `${memory(meter.memoryUsedMiB)} of ${memory(meter.memoryTotalMiB)}`}
        extra={meter === null ? undefined : `${memory(meter.promisedMiB)} promised`}
      />
    </>
  )
}

function Meter({ label, share, text, extra }: { readonly label: string; readonly share: number; readonly text: string; readonly extra?: string | undefined }) {
  return (
    <span className={styles.meter}>
      <span className={styles.name}>{label}</span>
      <span className={styles.gauge} aria-hidden>
        <span style={{ width: `${Math.min(100, Math.round(share * 100))}%` }} />
      </span>
      <span className={styles.amount}>{text}</span>
      {extra !== undefined && <span className={styles.extra}>{extra}</span>}
    </span>
  )
}

function Words({ of }: { readonly of: Message }) {
  const view = useWindow((state) => (of.guest === null ? undefined : state.guests[of.guest]?.view))
  return <span>{messageWords(of, view)}</span>
}

function LevelIcon({ level }: { readonly level: Message['level'] }) {
  if (level === 'info') return null
  return level === 'warning' ? <TriangleAlert role="img" aria-label="Warning" /> : <CircleAlert role="img" aria-label="Error" />
}
