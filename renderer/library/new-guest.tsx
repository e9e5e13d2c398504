import { FileUp } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import type { CreateFrom } from '../../src/contract/creation.ts'
import { hardwareChoices, nameProblem, systemWords } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { CheckField, SelectField, TextField } from '../ui/field.tsx'
import { useDrop } from '../ui/use-drop.ts'
import { AmountField } from './amount-field.tsx'
import { FileReport } from './file-report.tsx'
import styles from './new-guest.module.css'
import { DropHint, fileForGuest } from './drop.tsx'
import { type Draft, emptyDraft, originOf, requestOf, vcpusProblem } from './draft.ts'
import { useFile } from './use-file.ts'
import { useProposal } from './use-proposal.ts'

const origins: readonly { readonly value: Draft['origin']; readonly title: string; readonly text: string }[] = [
  { value: 'file', title: 'From a file', text: 'An installation disc, a disk or a whole machine: ISO, qcow2, raw, VMDK, VHD, VHDX, VDI, OVA, OVF.' },
  { value: 'template', title: 'From a template', text: 'A copy that shares the template’s disk and starts in moments.' },
  { value: 'empty', title: 'Empty', text: 'An empty disk; put a disc in its drive later.' },
]

/** The whole creation of a guest on one page: what it is made from on the left, what it will be on the right. */
export function NewGuest() {
  const session = useSession()
  const [draft, setDraft] = useState(emptyDraft)
  const [busy, setBusy] = useState(false)
  const picker = useRef<HTMLInputElement>(null)
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }))
  const file = useFile(session)
  useEffect(() => {
    const { dropped } = session.store.getState()
    if (dropped === null) return
    session.store.setState({ dropped: null })
    void file.take(dropped)
    // Once, when the page opens.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [session])
  const templates = useWindow((state) => state.templates)
  const from: CreateFrom | null = originOf(draft, file.source, file.report)
  const { proposal, problem, asking } = useProposal(session, from === null ? null : requestOf(draft, from))
  const name = draft.name ?? proposal?.name ?? ''
  const badName = name === '' ? null : nameProblem(name)
  const badVcpus = vcpusProblem(draft.vcpus)
  const against = from === null ? whatIsMissing(draft.origin) : (problem ?? badName ?? badVcpus ?? (proposal === null ? 'The host is still looking at it.' : null))

  const close = () => session.store.setState({ place: 'library' })
  const create = async () => {
    if (from === null) return
    setBusy(true)
    const asked = `create ${name === '' ? 'the guest' : name}`
    const made = await session.ask(asked, (client) => client.guest.create(requestOf(draft, from)))
    setBusy(false)
    if (made === null) return
    close()
    const created = made.guest.view.name
    if (draft.start) await session.askGuest(`start ${created}`, (client) => client.guest.start({ name: created }))
  }
  const { over, handlers } = useDrop((dropped) => {
    const { file: taken, notice } = fileForGuest(dropped)
    change({ origin: 'file' })
    // Beside the field, where it is looked for; a notice would stand over the buttons.
    if (taken === null) return file.refuse(`${notice.text} ${notice.next}`)
    if (notice !== null) session.notify(notice)
    void file.take(taken)
  })

  return (
    <main className={styles.page} data-testid="new-guest" aria-label="New guest" {...handlers}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault()
          if (against === null && !busy) void create()
        }}
      >
        <section className={styles.from} aria-label="What it is made from">
          <h2>New guest</h2>
          <div role="radiogroup" aria-label="What it is made from" className={styles.origins}>
            {origins.map(({ value, title, text }) => (
              <label key={value} className={styles.origin} data-chosen={draft.origin === value}>
                <input type="radio" name="origin" checked={draft.origin === value} onChange={() => change({ origin: value })} />
                <strong>{title}</strong>
                <span>{text}</span>
              </label>
            ))}
          </div>
          {draft.origin === 'file' && (
            <div className={styles.file}>
              <TextField
                label="File on this computer"
                value={file.path}
                placeholder="/home/…/installer.iso"
                hint="Type its whole path, choose it, or drop it anywhere on this page."
                onChange={(event) => file.type(event.currentTarget.value)}
              />
              <input
                ref={picker}
                type="file"
                hidden
                onChange={(event) => {
                  const [picked] = event.currentTarget.files ?? []
                  if (picked !== undefined) void file.take(picked)
                }}
              />
              <Button onClick={() => picker.current?.click()}>
                <FileUp aria-hidden />
                Choose a file…
              </Button>
              <FileReport file={file} mode={draft.mode} onMode={(mode) => change({ mode })} />
            </div>
          )}
          {draft.origin === 'template' &&
            (templates.length === 0 ? (
              <p className={styles.quiet}>There is no template yet. Make one of any guest with “Make a template” in its menu.</p>
            ) : (
              <SelectField
                label="Template"
                value={draft.template ?? ''}
                options={[{ value: '', label: 'Choose one' }, ...templates.map((template) => ({ value: template.name as string, label: template.title }))]}
                onChoose={(template) => change({ template: template === '' ? null : template })}
              />
            ))}
        </section>
        <section className={styles.what} aria-label="What it will be" aria-busy={asking}>
          <h2>What it will be</h2>
          <div className={styles.grid}>
            <TextField label="Name" value={name} problem={badName} hint="Its DNS name on the private network." onChange={(event) => change({ name: event.currentTarget.value })} />
            <TextField label="Title" value={draft.title ?? proposal?.title ?? ''} hint={proposal === null ? '' : systemWords({ name: proposal.os, version: null })} onChange={(event) => change({ title: event.currentTarget.value })} />
            <AmountField label="Memory" value={draft.memoryMiB ?? proposal?.memoryMiB ?? null} minimum={64} maximum={1_048_576} onChange={(memoryMiB) => change({ memoryMiB })} />
            <TextField
              label="vCPUs"
              type="number"
              min={1}
              max={64}
              problem={badVcpus}
              value={draft.vcpus ?? proposal?.vcpus ?? ''}
              onChange={(event) => change({ vcpus: Number.isInteger(event.currentTarget.valueAsNumber) ? event.currentTarget.valueAsNumber : null })}
            />
            <AmountField
              label="Disk"
              value={draft.diskMiB ?? proposal?.diskMiB ?? null}
              minimum={1}
              maximum={67_108_864}
              hint={proposal !== null && proposal.diskMiB === null ? 'It brings its size along.' : 'It takes room only as it fills.'}
              disabled={proposal !== null && proposal.diskMiB === null}
              onChange={(diskMiB) => change({ diskMiB })}
            />
            <SelectField
              label="Hardware"
              value={draft.profile ?? proposal?.profile ?? 'linux-modern'}
              options={hardwareChoices}
              onChoose={(profile) => change({ profile })}
            />
          </div>
          <ul className={styles.notes}>{proposal?.notes.map((note) => <li key={note}>{note}</li>)}</ul>
          {from !== null && problem !== null && (
            <p className={styles.problem} role="alert">
              {problem}
            </p>
          )}
          <div className={styles.actions}>
            <CheckField label="Start it then" checked={draft.start} onChange={(start) => change({ start })} />
            <span className={styles.space} />
            <Button onClick={close}>Cancel</Button>
            <Button variant="primary" type="submit" disabledReason={busy ? 'It is being made; the library shows how far it is.' : against}>
              Create
            </Button>
          </div>
        </section>
      </form>
      {over && <DropHint />}
    </main>
  )
}

function whatIsMissing(origin: Draft['origin']): string {
  if (origin === 'template') return 'Choose a template first.'
  return 'Name a file first.'
}
