import { useEffect, useState } from 'react'
import type { EditPlan, GuestSettings, GuestSettingsView, SettingName } from '../../src/contract/guest-settings.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { byteCount, clipboardChoices, hardwareChoices } from '../format.ts'
import { useSession } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { SelectField, TextField } from '../ui/field.tsx'
import { Modal } from '../ui/modal.tsx'
import { AmountField } from './amount-field.tsx'
import styles from './form.module.css'
import { usePlan } from './use-plan.ts'

const labels: Readonly<Record<SettingName, string>> = {
  name: 'Name',
  title: 'Title',
  kind: 'Kind',
  os: 'System',
  profile: 'Hardware',
  firmware: 'Firmware',
  bootFrom: 'Starts from',
  secureBoot: 'Secure boot',
  tpm: 'TPM',
  vcpus: 'vCPUs',
  memoryMiB: 'Memory',
  screen: 'Screen',
  clipboard: 'Clipboard',
  cdrom: 'Disc',
  driverDisc: 'Driver disc',
  parameters: 'Parameters',
}
const when = { live: 'At once', 'next-boot': 'At next start', refused: 'Refused' } as const

/** Everything of a guest that can be changed, and what each change will do before it is made. */
export function EditDialog({ guest, onClose }: { readonly guest: GuestName; readonly onClose: () => void }) {
  const session = useSession()
  const [found, setFound] = useState<GuestSettingsView | null>(null)
  const [changes, setChanges] = useState<Partial<GuestSettings>>({})
  useEffect(() => {
    void session.ask(`read the settings of ${guest}`, (client) => client.guest.settings({ name: guest })).then((view) => (view === null ? onClose() : setFound(view)))
    // Read once: what was read is what the changes are based on.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [session, guest])
  const { plan, problem } = usePlan(session, guest, changes)
  if (found === null) return null
  const settings: GuestSettings = { ...found.settings, ...changes }
  const change = (part: Partial<GuestSettings>) => setChanges((before) => ({ ...before, ...part }))
  const nothing = plan === null || plan.changes.length === 0
  const save = async () => {
    onClose()
    await session.askGuest(`change ${guest}`, (client) => client.guest.edit({ name: guest, changes, basedOn: found.hash }))
  }
  return (
    <Modal
      title={`Settings of ${found.settings.title}`}
      width="wide"
      onClose={onClose}
      testId="edit"
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" disabledReason={problem ?? (nothing ? 'Nothing is changed yet.' : plan.allowed ? null : 'One of the changes is refused; see below.')} onClick={() => void save()}>
            Save
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        <div className={styles.pair}>
          <TextField label="Title" value={settings.title} maxLength={80} onChange={(event) => change({ title: event.currentTarget.value })} />
          <NameField value={found.settings.name} onChange={(name) => change({ name })} />
          <AmountField label="Memory at start" value={settings.memoryMiB} minimum={64} maximum={1_048_576} onChange={(memoryMiB) => change({ memoryMiB })} />
          <TextField
            label="vCPUs at start"
            type="number"
            min={1}
            max={64}
            defaultValue={settings.vcpus}
            onChange={(event) => Number.isInteger(event.currentTarget.valueAsNumber) && change({ vcpus: event.currentTarget.valueAsNumber })}
          />
          <SelectField
            label="Hardware"
            value={settings.profile}
            options={hardwareChoices}
            onChoose={(profile) => change({ profile })}
          />
          <SelectField
            label="Firmware"
            value={settings.firmware}
            options={[
              { value: 'bios', label: 'BIOS' },
              { value: 'uefi', label: 'UEFI' },
            ]}
            onChoose={(firmware) => change({ firmware })}
          />
          <SelectField
            label="Starts from"
            value={settings.bootFrom}
            options={[
              { value: 'disk', label: 'Its disk first' },
              { value: 'cdrom', label: 'The disc in its drive first' },
            ]}
            onChoose={(bootFrom) => change({ bootFrom })}
          />
          <SelectField
            label="Clipboard"
            value={settings.clipboard}
            options={clipboardChoices}
            onChoose={(clipboard) => change({ clipboard })}
          />
        </div>
        <TextField label="Disc in its drive" value={settings.cdrom ?? ''} placeholder="Empty" hint="The path of an ISO file; put in and taken out while it runs." onChange={(event) => change({ cdrom: event.currentTarget.value === '' ? null : event.currentTarget.value })} />
        {problem !== null && (
          <p className={styles.problem} role="alert">
            {problem}
          </p>
        )}
        {plan !== null && plan.changes.length > 0 && <Plan plan={plan} />}
        <p className={styles.quiet}>
          {found.disk === null ? '' : `Its disk: ${byteCount(found.disk.usedMiB * 1_048_576)} used of ${byteCount(found.disk.virtualMiB * 1_048_576)}. `}
          {`Everything stands in ${found.path}, for whoever would rather edit it by hand.`}
        </p>
      </div>
    </Modal>
  )
}

/** The name is changed only as a whole, so that half a name is never planned. */
function NameField({ value, onChange }: { readonly value: GuestName; readonly onChange: (name: GuestName) => void }) {
  const [typed, setTyped] = useState<string>(value)
  return <TextField label="Name" value={typed} hint="Its DNS name; it has to be off to change it." onChange={(event) => setTyped(event.currentTarget.value)} onBlur={() => onChange(typed as GuestName)} /> // the host judges it, with the reason
}

function Plan({ plan }: { readonly plan: EditPlan }) {
  return (
    <ul className={styles.plan} aria-label="What will happen" data-testid="edit-plan">
      {plan.changes.map((planned) => (
        <li key={planned.field}>
          <span className={styles.when} data-when={planned.when}>
            {when[planned.when]}
          </span>
          <span>
            <strong>{labels[planned.field]}</strong> {planned.from} → {planned.to}
          </span>
          {planned.note !== null && <span className={styles.note}>{planned.note}</span>}
        </li>
      ))}
    </ul>
  )
}
