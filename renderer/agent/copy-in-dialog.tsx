import { FileUp } from 'lucide-react'
import { useRef, useState } from 'react'
import type { GuestView } from '../../src/contract/guest.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { reasonAgainst } from '../command/reason.ts'
import { byteCount, displayName } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { useDrop } from '../ui/use-drop.ts'
import styles from './agent.module.css'
import { CopyForm } from './copy-form.tsx'
import { copyFilesIn, filesToCopy } from './copying.ts'
import { guestPathProblem, isHostPath, likelyFolder } from './folder.ts'
import { useInspection } from './use-inspection.ts'

interface CopyInProps {
  readonly guest: GuestName
  /** What was dropped on the guest's screen; empty when the files are still to be chosen. */
  readonly files: readonly File[]
  readonly onClose: () => void
}

/** Copies files of this computer into a guest. The progress shows on the guest's frame. */
export function CopyInDialog({ guest, files, onClose }: CopyInProps) {
  const view = useWindow((state) => state.guests[guest]?.view)
  return view === undefined ? null : <CopyInForm view={view} dropped={files} onClose={onClose} />
}

function CopyInForm({ view, dropped, onClose }: { readonly view: GuestView; readonly dropped: readonly File[]; readonly onClose: () => void }) {
  const session = useSession()
  const picker = useRef<HTMLInputElement>(null)
  const { told } = useInspection(view)
  const remembered = useWindow((state) => state.settings.copyTo[view.name])
  const [picked, setPicked] = useState(dropped)
  const [path, setPath] = useState('')
  const [typed, setTyped] = useState<string | null>(null)
  const [overwrite, setOverwrite] = useState(false)
  const { over, handlers } = useDrop((what) => {
    const more = filesToCopy(session, what)
    if (more.length > 0) setPicked((before) => [...before, ...more])
  })
  const to = typed ?? remembered ?? likelyFolder(view.kind, told?.users ?? null)
  const files = picked.length > 0 ? picked : path.trim() === '' ? [] : [path.trim()]
  const badPath = picked.length > 0 || path.trim() === '' || isHostPath(path.trim()) ? null : 'Write the whole path, or choose the file.'
  const badTarget = guestPathProblem(view.kind, to)
  const reason = reasonAgainst(view.actions.exec) ?? badPath ?? badTarget ?? (files.length === 0 ? 'Choose a file first.' : null)
  const copy = () => {
    session.change({ copyTo: { ...session.store.getState().settings.copyTo, [view.name]: to } })
    void copyFilesIn(session, { guest: view.name, files, to, overwrite })
  }
  return (
    <CopyForm view={view} title={`Copy files into ${displayName(view)}`} testId="copy-in" reason={reason} overwrite={overwrite} onOverwrite={setOverwrite} onClose={onClose} onCopy={copy} focus={dropped.length > 0 ? '[name="to"]' : undefined} drop={{ over, handlers }}>
      {picked.length > 0 ? (
        <ul className={styles.files} aria-label="Files to copy">
          {picked.map((file) => (
            <li key={`${file.name} ${file.lastModified}`}>
              {file.name} <span className={styles.quiet}>{byteCount(file.size)}</span>
            </li>
          ))}
        </ul>
      ) : (
        <TextField label="File on this computer" value={path} problem={badPath} hint="Type its whole path, choose it, or drop files here." onChange={(event) => setPath(event.currentTarget.value)} />
      )}
      <input ref={picker} type="file" multiple hidden aria-label="Files" onChange={(event) => setPicked([...(event.currentTarget.files ?? [])])} />
      <Button onClick={() => picker.current?.click()}>
        <FileUp aria-hidden />
        {picked.length > 0 ? 'Choose others…' : 'Choose files…'}
      </Button>
      <TextField label="Folder in the guest" name="to" value={to} problem={badTarget} hint={picked.length > 1 ? 'It has to be there already.' : 'A folder that is there, or the name the copy is to have.'} onChange={(event) => setTyped(event.currentTarget.value)} />
    </CopyForm>
  )
}
