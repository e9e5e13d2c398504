import type { GuestView } from '../../src/contract/guest.ts'
import styles from './state-mark.module.css'

/** A guest's state as a shape, so that it is told without colour: full when running, hollow when off, barred when paused. */
export function StateMark({ view }: { readonly view: Pick<GuestView, 'state' | 'agent'> }) {
  return <span aria-hidden className={styles.mark} data-state={view.state} data-agent={view.agent} />
}
