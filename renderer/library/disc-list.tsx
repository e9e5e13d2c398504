import { useState } from 'react'
import type { DiscView } from '../../src/contract/disc.ts'
import { byteCount } from '../format.ts'
import { listed } from '../stage/stage-past.ts'
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
  /** Who has it in a drive as the question is asked: the list is told again only when a disc comes or goes. */
  const [users, setUsers] = useState<readonly string[] | null>(null)
  const close = () => setUsers(null)
  const ask = async () => {
    const discs = await session.ask(`find out who uses ${disc.name}`, (client) => client.disc.list())
    if (discs !== null) setUsers(discs.find(({ id }) => id === disc.id)?.users ?? [])
  }
  return (
    <li className={styles.row} data-testid={`disc-${disc.name}`}>
      <span className={styles.who}>
        <strong title={disc.name}>{disc.name}</strong>
        <span className={styles.quiet}>{`${byteCount(disc.bytes)}, ${disc.path}`}</span>
      </span>
      {users === null ? (
        <Button onClick={() => void ask()}>Delete for good…</Button>
      ) : users.length > 0 ? (
        <Asking className={styles.sure} label={`${disc.name} is needed`} onLeave={close}>
          <span>{`It is in a drive of ${listed(users)}. Take it out there, or delete what needs it, first.`}</span>
          <Button onClick={close}>Keep it</Button>
        </Asking>
      ) : (
        <Asking className={styles.sure} label={`Delete ${disc.name} for good?`} onLeave={close}>
          <span>For good? {byteCount(disc.bytes)} are freed.</span>
          <span className={styles.answers}>
            <Button onClick={close}>Keep it</Button>
            <Button variant="danger" onClick={() => void session.ask(`delete ${disc.name}`, (client) => client.disc.delete({ id: disc.id })).then(close)}>
              Delete for good
            </Button>
          </span>
        </Asking>
      )}
    </li>
  )
}
