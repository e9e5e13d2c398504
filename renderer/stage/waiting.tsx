import { LoaderCircle } from 'lucide-react'
import { capital } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import styles from './waiting.module.css'

/** Before the host has answered for the first time. */
export function Waiting() {
  const session = useSession()
  const link = useWindow((state) => state.link)
  const failed = link.phase === 'connecting' && link.attempt > 0
  return (
    <section className={styles.waiting} data-testid="waiting" aria-busy aria-label="Connecting">
      <LoaderCircle className={styles.busy} aria-hidden />
      <h2 className={styles.title}>Connecting to the host</h2>
      <p className={styles.text} role="status">
        {failed && link.phase === 'connecting' ? `No answer so far (try ${link.attempt}). ${capital(link.reason ?? '')}` : ''}
      </p>
      {failed && <Button onClick={() => session.retryNow()}>Try now</Button>}
      {failed && link.phase === 'connecting' && link.attempt > 3 && <p className={styles.text}>An address holds for one launch: open the one that was printed last. If that stays silent, run `diptych doctor` in a terminal; it says what is wrong.</p>}
    </section>
  )
}
