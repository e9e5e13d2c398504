import { useState } from 'react'
import type { DiscView } from '../../src/contract/disc.ts'
import { byteCount } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Asking } from '../ui/asking.tsx'
import { Button } from '../ui/button.tsx'
import styles from './trash-list.module.css'

/** Installation discs that were dropped or picked in a browser: kept for the drives they are in, until they are deleted. */
export function DiscList() {
  const discs = useWindow((state) => state.discs)
  return (
    <ul className={styles.list} data-testid="discs">
      {discs.map((disc) => (
        <Row key={disc.id} disc={disc} />
      ))}
    </ul>
  )
}

function Row({ disc }: { readonly disc: DiscView }) {
  const session = useSession()
  const [sure, setSure] = useState(false)
  return (
    <li className={styles.row} data-testid={`disc-${disc.name}`}>
      <span className={styles.who}>
        <strong>{disc.name}</strong>
        <span className={styles.quiet}>{`${byteCount(disc.bytes)}, ${disc.path}`}</span>
      </span>
      {sure ? (
        <Asking className={styles.sure} label={`Delete ${disc.name} for good?`} onLeave={() => setSure(false)}>
          <span>For good? {byteCount(disc.bytes)} are freed.</span>
          <span className={styles.answers}>
            <Button onClick={() => setSure(false)}>Keep it</Button>
            <Button variant="danger" onClick={() => void session.ask(`delete ${disc.name}`, (client) => client.disc.delete({ id: disc.id })).then(() => setSure(false))}>
              Delete for good
            </Button>
          </span>
        </Asking>
      ) : (
        <Button onClick={() => setSure(true)}>Delete for good…</Button>
      )}
    </li>
  )
}
