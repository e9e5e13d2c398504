import { useId, useState } from 'react'
import type { GuestName } from '../../src/contract/names.ts'
import { reasonAgainst } from '../command/reason.ts'
import { displayName } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { CheckField, TextField } from '../ui/field.tsx'
import { Modal } from '../ui/modal.tsx'
import { AgentAbsent } from './agent-absent.tsx'
import styles from './agent.module.css'
import { copyFileOut } from './copying.ts'
import { isFullPath } from './folder.ts'

/** Copies one file of a guest to this computer. The progress shows on the guest's frame. */
export function CopyOutDialog({ guest, onClose }: { readonly guest: GuestName; readonly onClose: () => void }) {
  const session = useSession()
  const form = useId()
  const view = useWindow((state) => state.guests[guest]?.view)
  const home = useWindow((state) => state.host?.dataDirectory.replace(/\/\.local\/share\/diptych$/, '') ?? '')
  const [from, setFrom] = useState('')
  const [typed, setTyped] = useState<string | null>(null)
  const [overwrite, setOverwrite] = useState(false)
  if (view === undefined) return null
  const to = typed ?? home
  const badSource = from === '' || isFullPath(view.kind, from) ? null : `Write the whole path in the guest, from ${view.kind === 'windows' ? 'C:\\' : '/'} on.`
  const badTarget = /^([/\\]|[A-Za-z]:)/.test(to) ? null : 'Write the whole path.'
  const reason = reasonAgainst(view.actions.exec) ?? badSource ?? badTarget ?? (from === '' ? 'Name the file first.' : null)
  const run = () => {
    onClose()
    void copyFileOut(session, guest, from, to, overwrite)
  }
  return (
    <Modal
      title={`Copy a file out of ${displayName(view)}`}
      width="wide"
      onClose={onClose}
      testId="copy-out"
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" type="submit" form={form} disabledReason={reason}>
            Copy
          </Button>
        </>
      }
    >
      <form
        id={form}
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault()
          if (reason === null) run()
        }}
      >
        <AgentAbsent view={view} />
        <TextField label="File in the guest" value={from} problem={badSource} placeholder={view.kind === 'windows' ? 'C:\\Users\\me\\notes.txt' : '/home/guest/notes.txt'} onChange={(event) => setFrom(event.currentTarget.value)} />
        <TextField label="Folder on this computer" value={to} problem={badTarget} hint="A folder that is there, or the name the copy is to have." onChange={(event) => setTyped(event.currentTarget.value)} />
        <CheckField label="Replace a file that is there already" checked={overwrite} onChange={setOverwrite} />
      </form>
    </Modal>
  )
}
