import { useState } from 'react'
import { useShallow } from 'zustand/react/shallow'
import type { GuestView } from '../../src/contract/guest.ts'
import { SnapshotTitle, type SnapshotView } from '../../src/contract/snapshot.ts'
import { reasonAgainst } from '../command/reason.ts'
import { byteCount, displayName } from '../format.ts'
import { stageSnapshotsCalled, titlesNeeding } from '../stage/stage-past.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Asking } from '../ui/asking.tsx'
import { Button } from '../ui/button.tsx'
import { CheckField, TextField } from '../ui/field.tsx'
import styles from './snapshots.module.css'

/** What one snapshot takes, and what can be done with it. Going back and deleting ask once more. */
export function SnapshotDetails({ guest, snapshot, onGone }: { readonly guest: GuestView; readonly snapshot: SnapshotView; readonly onGone: () => void }) {
  const session = useSession()
  const [title, setTitle] = useState(snapshot.title)
  const [asking, setAsking] = useState<'restore' | 'disk' | 'delete' | null>(null)
  const [keep, setKeep] = useState(true)
  const { name } = guest
  const { id } = snapshot
  const needing = useWindow(useShallow((state) => titlesNeeding(state.stageSnapshots, (part) => part.snapshot === id)))
  const bad = SnapshotTitle.safeParse(title).success ? null : 'A title is one line of at most 80 characters.'
  const facts = [
    `${byteCount(snapshot.memoryBytes)} memory`,
    snapshot.diskBytes === null ? null : `${byteCount(snapshot.diskBytes)} of the disk only here`,
    snapshot.pausedMs === 0 ? null : `the guest stood still ${Math.round(snapshot.pausedMs)} ms`,
    snapshot.consistent ? null : 'taken of a running disk without its agent: it boots as after a power cut',
    snapshot.stage === null ? null : needing.length === 0 ? 'part of a snapshot of the whole stage' : `part of ${stageSnapshotsCalled(needing)}`,
  ].filter((fact) => fact !== null)

  const rename = () => {
    if (bad === null && title.trim() !== snapshot.title) void session.ask(`rename the snapshot ${snapshot.title}`, (client) => client.snapshot.rename({ guest: name, id, title: title.trim() }))
  }
  const restore = async (diskOnly: boolean) => {
    setAsking(null)
    await session.askGuest(`bring ${name} back to ${diskOnly ? 'the disk of ' : ''}${snapshot.title}`, (client) => client.snapshot.restore({ guest: name, id, keep, diskOnly }))
  }
  const remove = async () => {
    setAsking(null)
    if ((await session.ask(`delete the snapshot ${snapshot.title}`, (client) => client.snapshot.delete({ guest: name, id, force: needing.length > 0 }))) !== null) onGone()
  }
  return (
    <section className={styles.details} aria-label={`Snapshot ${snapshot.title}`} data-testid="snapshot-details">
      <TextField label="Title of this snapshot" value={title} problem={bad} hint={capitalised(facts.join(', '))} onChange={(event) => setTitle(event.currentTarget.value)} onBlur={rename} onKeyDown={(event) => event.key === 'Enter' && rename()} />
      {snapshot.unusable !== null && <p className={styles.problem}>{snapshot.unusable}</p>}
      {asking === null ? (
        <div className={styles.buttons}>
          <Button variant="primary" disabledReason={snapshot.unusable ?? reasonAgainst(guest.actions.restore)} onClick={() => setAsking('restore')}>
            Go back to it…
          </Button>
          {snapshot.unusable !== null && snapshot.diskUsable && (
            <Button disabledReason={reasonAgainst(guest.actions.restore)} onClick={() => setAsking('disk')}>
              Go back to its disk alone…
            </Button>
          )}
          <Button onClick={() => setAsking('delete')}>Delete…</Button>
        </div>
      ) : (
        <Asking className={styles.asking} label={questions[asking]} onLeave={() => setAsking(null)}>
          <p>
            {asking !== 'delete'
              ? `${displayName(guest)} becomes what it was then${asking === 'disk' ? ', but for its memory' : ''}. ${keep ? 'What it is now is kept as a snapshot.' : 'What it is now is lost.'}`
              : `Its memory and ${snapshot.diskBytes === null ? 'its part of the disk' : byteCount(snapshot.diskBytes)} are given back. Other snapshots stay.`}
          </p>
          {asking === 'disk' && <p>{afterDisk(guest)}</p>}
          {asking === 'delete' && needing.length > 0 && <p className={styles.problem}>{`It is part of ${stageSnapshotsCalled(needing)}: the stage can never again go back to ${needing.length === 1 ? 'it' : 'them'}.`}</p>}
          {asking !== 'delete' && <CheckField label="Keep what it is now as a snapshot first" checked={keep} onChange={setKeep} />}
          <div className={styles.buttons}>
            <Button onClick={() => setAsking(null)}>
              Leave it
            </Button>
            {asking !== 'delete' ? (
              <Button variant="primary" onClick={() => void restore(asking === 'disk')}>
                {asking === 'disk' ? 'Go back to the disk alone' : 'Go back'}
              </Button>
            ) : (
              <Button variant="danger" onClick={() => void remove()}>
                Delete the snapshot
              </Button>
            )}
          </div>
        </Asking>
      )}
    </section>
  )
}

const questions = { restore: 'Go back?', disk: 'Go back to its disk alone?', delete: 'Delete?' } as const

/** What becomes of the guest when its disk comes back without the memory that belongs to it. */
function afterDisk({ state }: GuestView): string {
  const up = state === 'running' || state === 'paused'
  return `The programs that were open then are not brought back: it ${up ? 'boots from that disk now' : 'stays off and, when it is started next, boots from that disk'}, as after a power cut.`
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
