import { Pencil } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { SnapshotTitle } from '../../src/contract/snapshot.ts'
import type { StageSnapshotView } from '../../src/contract/stage.ts'
import { guestsOfStage } from '../command/stage-controls.ts'
import { byteCount, clockTime, displayName } from '../format.ts'
import { useStill } from '../library/use-still.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Asking } from '../ui/asking.tsx'
import { Button } from '../ui/button.tsx'
import { CheckField, TextField } from '../ui/field.tsx'
import { useLeave } from '../ui/use-leave.ts'
import { bytesOf, lossOf, partsOf, partWords, type StagePart } from './stage-past.ts'
import styles from './stage-snapshots.module.css'

/** One snapshot of the stage: its pictures, what it holds and takes, and what can be done with it. */
export function StageSnapshot({ snapshot, busy }: { readonly snapshot: StageSnapshotView; readonly busy: string | null }) {
  const { id, title } = snapshot
  const session = useSession()
  const trees = useWindow((state) => state.snapshots)
  const guests = useWindow((state) => state.guests)
  const [asking, setAsking] = useState<'restore' | 'delete' | 'rename' | null>(null)
  const parts = partsOf(snapshot, trees, guests)
  const bytes = bytesOf(parts) ?? snapshot.bytes
  const when = `${new Date(snapshot.takenAt).toLocaleDateString()} ${clockTime(snapshot.takenAt)}`
  const close = () => setAsking(null)
  const remove = async () => {
    close()
    const gone = await session.ask(`delete the snapshot ${title} of the stage`, (client) => client.stage.deleteSnapshot({ id }))
    if (gone !== null) session.notify({ level: 'info', text: `The snapshot “${title}” of the stage is deleted.`, next: `${byteCount(gone.reclaimedBytes)} were given back.` })
  }
  return (
    <li className={styles.snapshot} data-testid={`stage-snapshot-${title}`} data-unusable={snapshot.unusable !== null}>
      <div className={styles.pictures} aria-hidden>
        {parts.map((part) => (
          <Picture key={part.guest} part={part} />
        ))}
      </div>
      <div className={styles.words}>
        <h3 title={title}>{title}</h3>
        <p>{[when, bytes === null ? null : byteCount(bytes), snapshot.pausedMs === 0 ? null : `stood still ${Math.round(snapshot.pausedMs)} ms`].filter((fact) => fact !== null).join(' · ')}</p>
        <p>{parts.map((part) => `${part.title}: ${partWords(part)}`).join(' · ')}</p>
        {snapshot.unusable !== null && <p className={styles.problem}>{`Cannot be gone back to: ${snapshot.unusable}`}</p>}
      </div>
      <div className={styles.buttons}>
        <Button variant="primary" aria-label={`Go back to ${title}…`} disabledReason={snapshot.unusable ?? busy} onClick={() => setAsking('restore')}>
          Go back…
        </Button>
        <Button variant="icon" hint={`Rename ${title}`} onClick={() => setAsking('rename')}>
          <Pencil aria-hidden />
        </Button>
        <Button aria-label={`Delete ${title}…`} disabledReason={busy} onClick={() => setAsking('delete')}>
          Delete…
        </Button>
      </div>
      {asking === 'restore' && <Restore snapshot={snapshot} parts={parts} when={when} onClose={close} />}
      {asking === 'rename' && <Rename snapshot={snapshot} onClose={close} />}
      {asking === 'delete' && (
        <Asking className={styles.asking} label={`Delete ${title}?`} onLeave={close}>
          <p>{`The part of every guest goes with it${bytes === null ? '' : `; about ${byteCount(bytes)} are given back`}. Nothing brings it back; other snapshots and the guests stay as they are.`}</p>
          <div className={styles.buttons}>
            <Button onClick={close}>Keep it</Button>
            <Button variant="danger" onClick={() => void remove()}>
              Delete the snapshot
            </Button>
          </div>
        </Asking>
      )}
    </li>
  )
}

interface AskingProps {
  readonly snapshot: StageSnapshotView
  readonly onClose: () => void
}

function Restore({ snapshot: { id, title }, parts, when, onClose }: AskingProps & { readonly parts: readonly StagePart[]; readonly when: string }) {
  const session = useSession()
  const stage = useWindow(useShallow(guestsOfStage))
  const [keep, setKeep] = useState(true)
  const restore = async () => {
    onClose()
    const back = await session.ask(`bring the stage back to ${title}`, (client) => client.stage.restoreSnapshot({ id, keep }))
    if (back !== null) session.notify({ level: 'info', text: `The stage is back at “${title}”.`, next: back.kept === null ? '' : `What it was is kept as “${back.kept.title}”.` })
  }
  const sentences = lossOf(parts, when, stage.map((view) => ({ name: view.name, title: displayName(view) })), keep)
  return (
    <Asking className={styles.asking} label={`Go back to ${title}?`} onLeave={onClose}>
      {sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      <CheckField label="Keep what is now as a snapshot first" checked={keep} onChange={setKeep} />
      <div className={styles.buttons}>
        <Button onClick={onClose}>Leave it</Button>
        <Button variant={keep ? 'primary' : 'danger'} onClick={() => void restore()}>
          Go back
        </Button>
      </div>
    </Asking>
  )
}

function Rename({ snapshot: { id, title }, onClose }: AskingProps) {
  const session = useSession()
  const form = useRef<HTMLFormElement>(null)
  useLeave(form, onClose)
  useEffect(() => form.current?.querySelector('input')?.select(), [])
  const [typed, setTyped] = useState(title)
  const problem = SnapshotTitle.safeParse(typed).success ? null : 'A title is one line of at most 80 characters.'
  const rename = () => {
    if (problem !== null) return
    onClose()
    if (typed.trim() !== title) void session.ask(`rename the snapshot ${title} of the stage`, (client) => client.stage.renameSnapshot({ id, title: typed.trim() }))
  }
  return (
    <form
      ref={form}
      className={styles.asking}
      aria-label={`Rename ${title}`}
      onSubmit={(event) => {
        event.preventDefault()
        rename()
      }}
    >
      <TextField label="New title" value={typed} problem={problem} onChange={(event) => setTyped(event.currentTarget.value)} />
      <div className={styles.buttons}>
        <Button onClick={onClose}>Leave it</Button>
        <Button variant="primary" type="submit" disabledReason={problem}>
          Rename
        </Button>
      </div>
    </form>
  )
}

function Picture({ part: { guest, snapshot } }: { readonly part: StagePart }) {
  const id = snapshot?.id
  const picture = useStill(`snapshot ${id ?? ''}`, snapshot !== undefined && snapshot.thumbnail !== null, (client, signal) => (id === undefined ? Promise.reject(new Error('it is gone')) : client.snapshot.thumbnail({ guest, id }, { signal })))
  return <span className={styles.picture}>{picture === undefined ? (snapshot?.thumbnail === null ? 'no picture' : null) : <img src={picture} alt="" />}</span>
}
