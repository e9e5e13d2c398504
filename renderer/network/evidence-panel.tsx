import { useEffect, useState } from 'react'
import type { GuestName } from '../../src/contract/names.ts'
import type { WebEvidence } from '../../src/contract/web.ts'
import { useSession } from '../store/context.ts'
import styles from './network-dialog.module.css'

/** One direction asked now: what was sent and answered, and the asking guest's screen at that moment. */
export function EvidencePanel({ from, to, title }: { readonly from: GuestName; readonly to: GuestName; readonly title: string }) {
  const session = useSession()
  const [evidence, setEvidence] = useState<WebEvidence | null>(null)
  const [asking, setAsking] = useState(true)
  useEffect(() => {
    let wanted = true
    void session
      .ask(`ask for the page of ${to}`, (client) => client.web.evidence({ from, to }))
      .then((answer) => {
        if (!wanted) return
        setEvidence(answer)
        setAsking(false)
      })
    return () => {
      wanted = false
    }
  }, [session, from, to])
  return (
    <section className={styles.evidence} aria-label={`Evidence: ${title}`} aria-busy={asking} data-testid="web-evidence">
      <h3 className={styles.heading}>{title}</h3>
      {evidence === null ? (
        <p className={styles.quiet}>{asking ? 'Asking now…' : 'There is no evidence.'}</p>
      ) : (
        <>
          {/* Scrolls by keyboard too. */}
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <pre className={styles.exchange} tabIndex={0} aria-label="Request and answer">
            {evidenceText(evidence)}
          </pre>
          {evidence.screenshot !== null && (
            <img className={styles.screenshot} src={`data:image/png;base64,${evidence.screenshot.png}`} width={evidence.screenshot.width} height={evidence.screenshot.height} alt={`Screen of ${from} at that moment`} />
          )}
        </>
      )}
    </section>
  )
}

function evidenceText({ probe, requestLine, statusLine, headers, body }: WebEvidence): string {
  const answer = probe.error ?? [statusLine ?? `${probe.status} (only its line was seen on the wire)`, ...headers, '', body].join('\n')
  return `${requestLine}\n${probe.url}\n\n${answer}`
}
