import { useState } from 'react'
import { GuestName } from '../../src/contract/names.ts'
import { displayName, nameProblem } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { SelectField, TextField } from '../ui/field.tsx'
import { FormModal } from '../ui/form-modal.tsx'
import styles from './form.module.css'

/** Keeps a guest as it is now for clones to begin from. The guest itself goes on. */
export function MakeTemplateDialog({ guest, onClose }: { readonly guest: GuestName; readonly onClose: () => void }) {
  const session = useSession()
  const view = useWindow((state) => state.guests[guest]?.view)
  const [title, setTitle] = useState('')
  const [name, setName] = useState('')
  const [kind, setKind] = useState<'auto' | 'cold'>('auto')
  if (view === undefined) return null
  const up = view.state === 'running' || view.state === 'paused'
  const parsed = GuestName.safeParse(name)
  const bad = name === '' ? null : nameProblem(name)
  const make = async () => {
    const made = await session.ask(`make a template of ${guest}`, (client) =>
      client.template.make({ guest, ...(parsed.success ? { name: parsed.data } : {}), ...(title.trim() === '' ? {} : { title: title.trim() }), kind: up ? kind : 'cold' }),
    )
    if (made === null) return
    const stood = made.pausedMs === null ? '' : ` ${displayName(view)} stood still for ${Math.round(made.pausedMs)} ms.`
    session.notify({ level: 'info', text: `The template ${made.title} is made.`, next: `${made.kind === 'live' ? 'Clones go on from this instant.' : (made.note ?? 'Clones boot from its disk.')}${stood}` })
  }
  return (
    <FormModal
      title={`Make a template of ${displayName(view)}`}
      description="Any number of clones begin from what it is now; each gets a name, an address and a disk of its own."
      onClose={onClose}
      testId="make-template"
      action="Make the template"
      reason={bad}
      className={styles.form}
      onSubmit={() => void make()}
    >
      <TextField label="Title" value={title} maxLength={80} placeholder={displayName(view)} onChange={(event) => setTitle(event.currentTarget.value)} />
      <TextField label="Name" value={name} problem={bad} placeholder={guest} onChange={(event) => setName(event.currentTarget.value)} />
      <SelectField
        label="What clones begin with"
        value={up ? kind : 'cold'}
        disabled={!up}
        hint={up ? undefined : 'A guest that is off has no memory to keep.'}
        options={[
          { value: 'auto', label: 'Its memory as it is now: they run at once' },
          { value: 'cold', label: 'Its disk: they boot' },
        ]}
        onChoose={setKind}
      />
    </FormModal>
  )
}
