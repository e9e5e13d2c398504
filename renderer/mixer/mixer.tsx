import type { GuestName } from '../../src/contract/names.ts'
import { displayName } from '../format.ts'
import { useWindow } from '../store/context.ts'
import type { History } from '../store/state.ts'
import { OsMark } from '../ui/os-mark.tsx'
import { ControlRow, type ControlRowProps } from './control-row.tsx'
import styles from './mixer.module.css'

/** The order of the sliders, and which live load is drawn beside each. */
const rows: readonly { readonly control: ControlRowProps['control']; readonly label: string; readonly usage: keyof History }[] = [
  { control: 'cpuCap', label: 'CPU cap', usage: 'cpuPercent' },
  { control: 'memory', label: 'Memory', usage: 'memoryMiB' },
  { control: 'linkBandwidth', label: 'Link', usage: 'bitsPerSecond' },
]

/** Sliders of every guest, each beside the load it limits. `named` where they do not stand under their screens. */
export function Mixer({ guests, named }: { readonly guests: readonly GuestName[]; readonly named: boolean }) {
  return (
    <section className={styles.mixer} aria-label="Resources" data-testid="mixer" data-count={guests.length}>
      {guests.map((name) => (
        <Channel key={name} name={name} named={named} />
      ))}
    </section>
  )
}

function Channel({ name, named }: { readonly name: GuestName; readonly named: boolean }) {
  const view = useWindow((state) => state.guests[name]?.view)
  if (view === undefined) return <div className={styles.channel} />
  const title = displayName(view)
  return (
    <div className={styles.channel} data-accent={view.kind} role="group" aria-label={`Resources of ${title}`}>
      {named && (
        <p className={styles.name}>
          <OsMark kind={view.kind} />
          <span>{title}</span>
        </p>
      )}
      {rows.map((row) => (
        <ControlRow key={row.control} guest={name} guestTitle={title} control={row.control} label={row.label} usage={row.usage} />
      ))}
    </div>
  )
}
