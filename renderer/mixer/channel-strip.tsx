import { SlidersHorizontal } from 'lucide-react'
import type { Priority } from '../../src/contract/control.ts'
import type { HostHistory } from '../../src/contract/host.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { bitRate, byteCount, capital, displayName, memory, stateWords } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { Button } from '../ui/button.tsx'
import { OsMark } from '../ui/os-mark.tsx'
import { StateMark } from '../ui/state-mark.tsx'
import { ActivityList } from './activity-list.tsx'
import { Chart } from './chart.tsx'
import { ControlRow } from './control-row.tsx'
import styles from './mixer-page.module.css'
import { allRows } from './rows.ts'

const priorities: readonly { readonly value: Priority; readonly label: string; readonly hint: string }[] = [
  { value: 'low', label: 'Low', hint: 'Little weight, capped CPU and disk: others go first' },
  { value: 'normal', label: 'Normal', hint: 'The same weight as everybody, no caps' },
  { value: 'star', label: 'Booth star', hint: 'Ten times the weight: the guest the audience looks at' },
]

/** One guest's strip of the mixer: priority, every slider, charts, and what was done to it. */
export function ChannelStrip({ name, history }: { readonly name: GuestName; readonly history: HostHistory | null }) {
  const session = useSession()
  const view = useWindow((state) => state.guests[name]?.view)
  if (view === undefined) return null
  const title = displayName(view)
  const against = view.actions.set.allowed ? null : view.actions.set.reason
  const load = history?.guests.find((each) => each.guest === name)
  return (
    <section className={styles.strip} data-accent={view.kind} data-testid={`strip-${name}`} aria-label={`Resources of ${title}`}>
      <header className={styles.head}>
        <span className={styles.mark}>
          <OsMark kind={view.kind} />
        </span>
        <div className={styles.who}>
          <h2 title={title}>{title}</h2>
          <p>
            <StateMark view={view} />
            {capital(stateWords(view))}
          </p>
        </div>
        <div role="toolbar" aria-label={`Priority of ${title}`} className={styles.priorities}>
          {priorities.map(({ value, label, hint }) => (
            <Button
              key={value}
              hint={hint}
              aria-pressed={view.priority === value}
              disabledReason={against}
              onClick={() => void session.askWithinBudget(`set the priority of ${name}`, (client, force) => client.guest.set({ name, change: { priority: value }, force }))}
            >
              {label}
            </Button>
          ))}
        </div>
        <Button variant="icon" hint={`Policies of ${title}`} onClick={() => session.open({ kind: 'policies', guest: name })}>
          <SlidersHorizontal aria-hidden />
        </Button>
      </header>
      <div className={styles.rows}>
        {allRows.map((row) => (
          <ControlRow key={row.control} guest={name} guestTitle={title} control={row.control} label={row.label} usage={row.usage} />
        ))}
      </div>
      {history !== null && load !== undefined && (
        <div className={styles.charts}>
          <Chart title="CPU" at={history.at} lines={[{ label: 'CPU', values: load.cpuPercent }]} spell={(value) => `${Math.round(value)} %`} />
          <Chart title="Memory" at={history.at} lines={[{ label: 'Memory', values: load.memoryMiB }]} spell={memory} />
          <Chart
            title="Disk"
            at={history.at}
            lines={[
              { label: 'read', values: load.diskReadBytesPerSecond },
              { label: 'written', values: load.diskWriteBytesPerSecond, second: true },
            ]}
            spell={(value) => `${byteCount(value)}/s`}
          />
          <Chart
            title="Network"
            at={history.at}
            lines={[
              { label: 'sent', values: load.txBitsPerSecond },
              { label: 'received', values: load.rxBitsPerSecond, second: true },
            ]}
            spell={bitRate}
          />
        </div>
      )}
      <ActivityList name={name} />
    </section>
  )
}
