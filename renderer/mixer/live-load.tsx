import type { ControlName } from '../../src/contract/control.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { useWindow } from '../store/context.ts'
import type { History, WindowState } from '../store/state.ts'
import styles from './control-row.module.css'
import { measuredDetail, measuredWords } from './measured.ts'
import { Sparkline } from './sparkline.tsx'

const noSamples: readonly number[] = []

// What changes with every sample stands in parts of its own: the slider beside it is not drawn again for it.

/** What the guest uses of it just now, in words. */
export function LiveUse({ guest, control }: { readonly guest: GuestName; readonly control: ControlName }) {
  const words = useWindow((state) => measuredWords(control, meterOf(state, guest)))
  const detail = useWindow((state) => measuredDetail(control, meterOf(state, guest)))
  return (
    <span className={styles.usage} title={detail ?? undefined}>
      {words}
    </span>
  )
}

export interface LiveChartProps {
  readonly guest: GuestName
  readonly usage: keyof History
  readonly ceiling: number | null
  readonly label: string
}

/** The same over the last minute or so. */
export function LiveChart({ guest, usage, ceiling, label }: LiveChartProps) {
  const samples = useWindow((state) => state.history[guest]?.[usage] ?? noSamples)
  return <Sparkline samples={samples} ceiling={ceiling} label={label} />
}

function meterOf({ meter }: WindowState, guest: GuestName) {
  return meter?.guests.find((each) => each.guest === guest)
}
