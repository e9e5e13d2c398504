import { useState } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { isOff } from '../../src/contract/guest.ts'
import { guestsOfStage, reasonAgainstStageSnapshot, takeStageSnapshot } from '../command/stage-controls.ts'
import { displayName } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { CheckField } from '../ui/field.tsx'
import { Modal } from '../ui/modal.tsx'
import { listed } from './stage-past.ts'
import styles from './stage-snapshots.module.css'

/** Asks before the stage goes back to its first day. The work shows as the stage's steps, where it can be cancelled. */
export function ResetStageDialog({ onClose }: { readonly onClose: () => void }) {
  const session = useSession()
  const guests = useWindow(useShallow(guestsOfStage))
  const reason = useWindow(reasonAgainstStageSnapshot)
  const [keep, setKeep] = useState(false)
  const on = guests.filter((view) => !isOff(view.state)).map(displayName)
  const reset = async () => {
    onClose()
    if (keep && (await takeStageSnapshot(session, 'Before the stage was reset')) === null) return
    const stage = await session.ask('reset the stage', (client) => client.stage.reset())
    if (stage?.status === 'ready') session.notify({ level: 'info', text: 'The stage is as on its first day.', next: '' })
  }
  return (
    <Modal
      title="Reset the stage?"
      description={`${listed(guests.map(displayName))} ${guests.length > 1 ? 'begin' : 'begins'} anew, as on the first day: fresh disks, nothing open.`}
      onClose={onClose}
      testId="reset-stage"
      actions={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button variant="danger" disabledReason={keep ? reason : null} onClick={() => void reset()}>
            Reset the stage
          </Button>
        </>
      }
    >
      <ul className={styles.loss}>
        {on.length > 0 && <li>{`${listed(on)} ${on.length > 1 ? 'end' : 'ends'} at once, without being asked to shut down.`}</li>}
        <li>Everything on their disks and in their memory is lost, saved memory of suspended guests included.</li>
        <li>Their snapshots stay, and so does the disk of the last run, beside the new one as disk.qcow2.previous.</li>
      </ul>
      <CheckField label="Take a snapshot of the stage first" checked={keep} onChange={setKeep} />
    </Modal>
  )
}
