import { useState } from 'react'
import { GuestName } from '../../src/contract/names.ts'
import { nameProblem } from '../format.ts'
import { useSession } from '../store/context.ts'
import type { CloneSource } from '../store/state.ts'
import { CheckField, TextField } from '../ui/field.tsx'
import { FormModal } from '../ui/form-modal.tsx'
import styles from './form.module.css'

const most = 32

/** New guests that begin as the source is: how many, what they are called, and whether they run at once. */
export function CloneDialog({ from, title, onClose }: { readonly from: CloneSource; readonly title: string; readonly onClose: () => void }) {
  const session = useSession()
  const [name, setName] = useState('')
  const [count, setCount] = useState('1')
  const [start, setStart] = useState(true)
  const parsed = GuestName.safeParse(name)
  const badName = name === '' ? null : nameProblem(name)
  const number = Number(count)
  const badCount = Number.isInteger(number) && number >= 1 && number <= most ? null : `Type a whole number from 1 to ${most}.`
  const clone = async () => {
    const made = await session.ask(`clone ${title}`, (client) => client.template.clone({ from, ...(parsed.success ? { name: parsed.data } : {}), count: number, start }))
    if (made === null) return
    const names = made.guests.map(({ view }) => view.name).join(', ')
    session.notify({ level: 'info', text: start ? `${names} ${made.guests.length === 1 ? 'runs' : 'run'}.` : `${names} ${made.guests.length === 1 ? 'is' : 'are'} there, off.`, next: `It took ${(made.milliseconds / 1_000).toFixed(2)} s.` })
  }
  return (
    <FormModal title={`Clone ${title}`} onClose={onClose} testId="clone" action="Clone" reason={badName ?? badCount} className={styles.form} onSubmit={() => void clone()}>
      <TextField label="How many" type="number" min={1} max={most} value={count} problem={badCount} onChange={(event) => setCount(event.currentTarget.value)} />
      <TextField label="Name" value={name} problem={badName} placeholder="Numbered after the source" hint="Further ones are numbered." onChange={(event) => setName(event.currentTarget.value)} />
      <CheckField label="Start them" checked={start} onChange={setStart} />
    </FormModal>
  )
}
