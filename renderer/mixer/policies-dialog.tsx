import { useState } from 'react'
import type { GuestName } from '../../src/contract/names.ts'
import { Policies } from '../../src/contract/policy.ts'
import { displayName } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { applyUpdate } from '../store/reduce.ts'
import { Button } from '../ui/button.tsx'
import { CheckField, SelectField, TextField } from '../ui/field.tsx'
import { Modal } from '../ui/modal.tsx'
import styles from './mixer-page.module.css'

/** What the host does for a guest by itself. The same block stands in its guest.yaml. */
export function PoliciesDialog({ guest, onClose }: { readonly guest: GuestName; readonly onClose: () => void }) {
  const session = useSession()
  const view = useWindow((state) => state.guests[guest]?.view)
  const [policies, setPolicies] = useState<Policies>(view?.policies ?? {})
  if (view === undefined) return null
  const { restart, memory, idle } = policies
  const checked = Policies.safeParse(policies)
  const problemOf = (...path: string[]) => (checked.success ? null : (checked.error.issues.find((issue) => issue.path.join() === path.join())?.message ?? null))
  const change = (part: Partial<Record<keyof Policies, unknown>>) => setPolicies((before) => without({ ...before, ...part }) as Policies) // judged by the schema before it is sent
  const amount = (key: 'floor' | 'ceiling', value: string) => change({ memory: without({ ...memory, [key]: value.trim() === '' ? undefined : value.trim() }) })
  const save = async () => {
    if (!checked.success) return
    onClose()
    const update = await session.ask(`set the policies of ${guest}`, (client) => client.guest.setPolicies({ name: guest, policies: checked.data }))
    if (update !== null) session.store.setState((state) => applyUpdate(state, update))
  }
  return (
    <Modal
      title={`Policies of ${displayName(view)}`}
      description="What Diptych does for it by itself. Each time it does, the activity list names the rule."
      onClose={onClose}
      testId="policies"
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" disabledReason={checked.success ? null : (checked.error.issues[0]?.message ?? 'One of the values is not valid.')} onClick={() => void save()}>
            Save
          </Button>
        </>
      }
    >
      <div className={styles.policies}>
        <CheckField label="Start it again when it ends unexpectedly" checked={restart === 'on-failure'} onChange={(on) => change({ restart: on ? 'on-failure' : undefined })} />
        <CheckField label="Give its idle memory back, return it when needed" checked={memory?.auto === true} onChange={(auto) => change({ memory: auto ? { ...memory, auto } : undefined })} />
        {memory?.auto === true && (
          <div className={styles.pair}>
            <TextField label="Never below" value={memory.floor ?? ''} placeholder="what it needs" problem={problemOf('memory', 'floor')} onChange={(event) => amount('floor', event.currentTarget.value)} />
            <TextField label="Never above" value={memory.ceiling ?? ''} placeholder="what it booted with" problem={problemOf('memory', 'ceiling')} onChange={(event) => amount('ceiling', event.currentTarget.value)} />
          </div>
        )}
        <CheckField label="When it has done next to nothing for a while" checked={idle !== undefined} onChange={(on) => change({ idle: on ? idleFor('10m', 'pause') : undefined })} />
        {idle !== undefined && (
          <div className={styles.pair}>
            <TextField label="After" value={idle.after} hint="For example 30s, 10m or 2h." problem={problemOf('idle', 'after')} onChange={(event) => change({ idle: { ...idle, after: event.currentTarget.value.trim() } })} />
            <SelectField
              label="Then"
              value={idle.then === 'pause' ? 'pause' : 'weigh'}
              options={[
                { value: 'pause', label: 'Pause it' },
                { value: 'weigh', label: 'Weigh it less (10)' },
              ]}
              onChoose={(what) => change({ idle: idleFor(idle.after, what === 'pause' ? 'pause' : 'weight=10') })}
            />
          </div>
        )}
      </div>
    </Modal>
  )
}

/** The same without what is undefined: an absent key means that the policy does nothing. */
function without(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined))
}

function idleFor(after: string, then: string): { after: string; then: string } {
  // `then` is guest.yaml's word; nobody awaits this.
  // oxlint-disable-next-line unicorn/no-thenable
  return { after, then }
}
