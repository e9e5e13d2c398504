import { Camera } from 'lucide-react'
import { useState } from 'react'
import type { GuestName } from '../../src/contract/names.ts'
import type { SnapshotId, SnapshotKind } from '../../src/contract/snapshot.ts'
import { reasonAgainst } from '../command/reason.ts'
import { displayName } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { SelectField, TextField } from '../ui/field.tsx'
import { Modal } from '../ui/modal.tsx'
import { SnapshotDetails } from './snapshot-details.tsx'
import { SnapshotTimeline } from './snapshot-timeline.tsx'
import styles from './snapshots.module.css'
import { TaskProgress } from './task-progress.tsx'

const kinds: readonly { readonly value: SnapshotKind; readonly label: string }[] = [
  { value: 'live', label: 'Memory and disk' },
  { value: 'disk', label: 'Disk only' },
]

/** A guest's past: a timeline with branches, taking the next snapshot, going back to any. */
export function SnapshotsDialog({ guest, onClose }: { readonly guest: GuestName; readonly onClose: () => void }) {
  const session = useSession()
  const view = useWindow((state) => state.guests[guest]?.view)
  const tree = useWindow((state) => state.snapshots[guest])
  const task = useWindow((state) => state.tasks.find((candidate) => candidate.guest === guest && candidate.status === 'running'))
  const [chosen, setChosen] = useState<SnapshotId | null>(null)
  const [title, setTitle] = useState('')
  const [kind, setKind] = useState<SnapshotKind>('live')
  if (view === undefined) return null

  const up = view.state === 'running' || view.state === 'paused'
  const snapshots = tree?.snapshots ?? []
  const selected = snapshots.find(({ id }) => id === chosen)
  const take = async () => {
    const named = title.trim() === '' ? {} : { title: title.trim() }
    const taken = await session.ask(`take a snapshot of ${guest}`, (client) => client.snapshot.take({ guest, ...named, kind: up ? kind : 'disk' }))
    if (taken === null) return
    setTitle('')
    setChosen(taken.id)
  }
  return (
    <Modal title={`Snapshots of ${displayName(view)}`} width="full" onClose={onClose} testId="snapshots" actions={<Button onClick={onClose}>Close</Button>}>
      <form
        className={styles.take}
        onSubmit={(event) => {
          event.preventDefault()
          if (view.actions.snapshot.allowed) void take()
        }}
      >
        <TextField label="Title" value={title} maxLength={80} placeholder="Named by its time" onChange={(event) => setTitle(event.currentTarget.value)} />
        <SelectField label="What it keeps" value={up ? kind : 'disk'} options={kinds} disabled={!up} hint={up ? undefined : 'A guest that is off has only its disk.'} onChoose={setKind} />
        <Button variant="primary" type="submit" disabledReason={task === undefined ? reasonAgainst(view.actions.snapshot) : `${task.title} is still going on.`}>
          <Camera aria-hidden />
          Take a snapshot
        </Button>
      </form>
      {task !== undefined && <TaskProgress task={task} />}
      {snapshots.length === 0 ? (
        <p className={styles.empty}>There is no snapshot yet. One keeps the guest as it is at this instant; any number of times you can go back to it.</p>
      ) : (
        <SnapshotTimeline guest={guest} snapshots={snapshots} current={tree?.current ?? null} state={view} chosen={chosen} onChoose={setChosen} />
      )}
      {selected !== undefined && <SnapshotDetails key={selected.id} guest={view} snapshot={selected} onGone={() => setChosen(null)} />}
    </Modal>
  )
}
