import type { GuestName } from '../../src/contract/names.ts'
import { displayName } from '../format.ts'
import { useWindow } from '../store/context.ts'
import { OsMark } from '../ui/os-mark.tsx'
import { ControlRow } from './control-row.tsx'
import { Crossfader } from './crossfader.tsx'
import styles from './mixer.module.css'
import { shortRows } from './rows.ts'


/**
 * The most used sliders of every guest, each beside the load it limits, and between two guests the crossfader. `named` where
 * they do not stand under their screens.
 */
export function Mixer({ guests, named }: { readonly guests: readonly GuestName[]; readonly named: boolean }) {
  const [left, right] = guests
  return (
    <section className={styles.resources} aria-label="Resources" data-testid="mixer" data-count={guests.length}>
      <div className={styles.mixer}>
        {guests.map((name) => (
          <Channel key={name} name={name} named={named} />
        ))}
      </div>
      {left !== undefined && right !== undefined && guests.length === 2 && <Crossfader left={left} right={right} />}
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
      {shortRows.map((row) => (
        <ControlRow key={row.control} guest={name} guestTitle={title} control={row.control} label={row.label} usage={row.usage} />
      ))}
    </div>
  )
}
