import { useState } from 'react'
import type { GuestName } from '../../src/contract/names.ts'
import { reasonAgainst } from '../command/reason.ts'
import { displayName } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { TextField } from '../ui/field.tsx'
import { CopyForm } from './copy-form.tsx'
import { copyFileOut } from './copying.ts'
import { guestPathProblem, isHostPath } from './folder.ts'

/** Copies one file of a guest to this computer. The progress shows on the guest's frame. */
export function CopyOutDialog({ guest, onClose }: { readonly guest: GuestName; readonly onClose: () => void }) {
  const session = useSession()
  const view = useWindow((state) => state.guests[guest]?.view)
  const home = useWindow((state) => state.host?.dataDirectory.replace(/\/\.local\/share\/diptych$/, '') ?? '')
  const [from, setFrom] = useState('')
  const [typed, setTyped] = useState<string | null>(null)
  const [overwrite, setOverwrite] = useState(false)
  if (view === undefined) return null
  const to = typed ?? home
  const badSource = from === '' ? null : guestPathProblem(view.kind, from)
  const badTarget = isHostPath(to) ? null : 'Write the whole path.'
  const reason = reasonAgainst(view.actions.exec) ?? badSource ?? badTarget ?? (from === '' ? 'Name the file first.' : null)
  return (
    <CopyForm view={view} title={`Copy a file out of ${displayName(view)}`} testId="copy-out" reason={reason} overwrite={overwrite} onOverwrite={setOverwrite} onClose={onClose} onCopy={() => void copyFileOut(session, guest, from, to, overwrite)}>
      <TextField label="File in the guest" value={from} problem={badSource} placeholder={view.kind === 'windows' ? 'C:\\Users\\me\\notes.txt' : '/home/guest/notes.txt'} onChange={(event) => setFrom(event.currentTarget.value)} />
      <TextField label="Folder on this computer" value={to} problem={badTarget} hint="A folder that is there, or the name the copy is to have." onChange={(event) => setTyped(event.currentTarget.value)} />
    </CopyForm>
  )
}
