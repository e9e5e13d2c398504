import { Camera, RotateCcw } from 'lucide-react'
import { useState } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { guestsOfStage, reasonAgainstStageSnapshot, stageTask, takeStageSnapshot } from '../command/stage-controls.ts'
import { TaskProgress } from '../library/task-progress.tsx'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { Modal } from '../ui/modal.tsx'
import { StageSnapshot } from './stage-snapshot.tsx'
import styles from './stage-snapshots.module.css'

/** The stage's past: every guest at one instant, to go back to as often as one likes; and its first day. */
export function StageSnapshotsDialog({ onClose }: { readonly onClose: () => void }) {
  const session = useSession()
  const snapshots = useWindow((state) => state.stageSnapshots)
  const task = useWindow(stageTask)
  const reason = useWindow(reasonAgainstStageSnapshot)
  const guests = useWindow(useShallow(guestsOfStage))
  const [title, setTitle] = useState('')
  const take = async () => {
    if ((await takeStageSnapshot(session, title.trim() === '' ? undefined : title.trim())) !== null) setTitle('')
  }
  return (
    <Modal
      title="Snapshots of the stage"
      description="Every guest of the stage at one instant, with its link and the connections between the guests."
      width="full"
      onClose={onClose}
      testId="stage-snapshots"
      actions={<Button onClick={onClose}>Close</Button>}
    >
      <form
        className={styles.take}
        onSubmit={(event) => {
          event.preventDefault()
          if (reason === null) void take()
        }}
      >
        <TextField label="Title" value={title} maxLength={80} placeholder="Named by its time" onChange={(event) => setTitle(event.currentTarget.value)} />
        <Button variant="primary" type="submit" disabledReason={reason}>
          <Camera aria-hidden />
          Take a snapshot
        </Button>
      </form>
      {task !== undefined && <TaskProgress task={task} />}
      <div className={styles.past}>
        {snapshots.length === 0 ? (
          <p className={styles.empty}>There is no snapshot of the stage yet. Take one when everything stands as you want to show it; any number of times you can go back to it.</p>
        ) : (
          <ul className={styles.list} aria-label="Snapshots, newest first">
            {snapshots.toReversed().map((snapshot) => (
              <StageSnapshot key={snapshot.id} snapshot={snapshot} busy={task === undefined ? null : `${task.title}: that has to end first.`} />
            ))}
          </ul>
        )}
        <section className={styles.pristine} aria-label="The first day">
          <div>
            <h3>The first day</h3>
            <p>The pristine state that every first start begins from: fresh disks, nothing open.</p>
          </div>
          <Button disabledReason={guests.length === 0 ? 'The stage has no guest yet; start it first.' : null} onClick={() => session.open({ kind: 'reset-stage' })}>
            <RotateCcw aria-hidden />
            Reset the stage…
          </Button>
        </section>
      </div>
    </Modal>
  )
}
