import { useState } from 'react'
import { useShallow } from 'zustand/react/shallow'
import type { TrashItem } from '../../src/contract/trash.ts'
import { byteCount, clockTime } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { stageSnapshotsCalled, titlesNeeding } from '../stage/stage-past.ts'
import { Asking } from '../ui/asking.tsx'
import { Button } from '../ui/button.tsx'
import styles from './trash-list.module.css'

/** Deleted guests: back among the others, or gone for good after a second word. */
export function TrashList() {
  const trash = useWindow((state) => state.trash)
  return (
    <ul className={styles.list} data-testid="trash">
      {trash.map((item) => (
        <Row key={item.id} item={item} />
      ))}
    </ul>
  )
}

function Row({ item }: { readonly item: TrashItem }) {
  const session = useSession()
  const [sure, setSure] = useState(false)
  const needing = useWindow(useShallow((state) => titlesNeeding(state.stageSnapshots, (part) => part.trash === item.id)))
  return (
    <li className={styles.row} data-testid={`trash-${item.name}`}>
      <span className={styles.who}>
        <strong>{item.title}</strong>
        <span className={styles.quiet}>{`${item.name}, ${byteCount(item.bytes)}, deleted ${new Date(item.deletedAt).toLocaleDateString()} ${clockTime(item.deletedAt)}`}</span>
        {needing.length > 0 && !sure && <span className={styles.quiet}>{`Once it is restored, the stage can go back to ${stageSnapshotsCalled(needing)}`}</span>}
        {item.problem !== null && <span className={styles.problem}>{item.problem}</span>}
      </span>
      {sure ? (
        <Asking className={styles.sure} label={`Delete ${item.title} for good?`} onLeave={() => setSure(false)}>
          <span>
            For good? {byteCount(item.bytes)} are freed and nothing brings it back.
            {needing.length > 0 && ` The stage can then never again go back to ${stageSnapshotsCalled(needing)}.`}
          </span>
          <span className={styles.answers}>
            <Button onClick={() => setSure(false)}>Keep it</Button>
            <Button variant="danger" onClick={() => void session.ask(`delete ${item.title} for good`, (client) => client.trash.purge({ id: item.id, force: needing.length > 0 }))}>
              Delete for good
            </Button>
          </span>
        </Asking>
      ) : (
        <>
          <Button disabledReason={item.problem} onClick={() => void session.ask(`restore ${item.title}`, (client) => client.trash.restore({ id: item.id }))}>
            Restore
          </Button>
          <Button onClick={() => setSure(true)}>Delete for good…</Button>
        </>
      )}
    </li>
  )
}
