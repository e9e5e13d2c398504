import { Slider } from '@base-ui/react/slider'
import type { Control, ControlName } from '../../src/contract/control.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { useWindow } from '../store/context.ts'
import type { History } from '../store/state.ts'
import styles from './control-row.module.css'
import { LiveChart, LiveUse } from './live-load.tsx'
import { labelledMarks } from './mark-labels.ts'
import { scaleOf, spell } from './scale.ts'
import { useSlider } from './use-slider.ts'
import { ValueField } from './value-field.tsx'

export interface ControlRowProps {
  readonly guest: GuestName
  readonly guestTitle: string
  readonly control: ControlName
  readonly label: string
  /** The live load drawn beside it; null where a chart would say nothing. */
  readonly usage: keyof History | null
}

/** One slider: label, live load, track with requested and effective marks, typed value, and a line of words. */
export function ControlRow({ guest, guestTitle, control: name, label, usage }: ControlRowProps) {
  const control = useWindow((state) => state.guests[guest]?.view.controls[name])
  const slider = useSlider(guest, name, control?.requested ?? null)
  if (control === undefined) return null

  const scale = scaleOf(control)
  const disabled = control.applies === 'unavailable'
  const requested = slider.value
  const effectiveAt = share(scale.toPosition(control.effective), scale.top)
  const requestedAt = share(scale.toPosition(requested), scale.top)
  const marks = control.marks.map((mark) => ({ ...mark, at: share(scale.toPosition(mark.value), scale.top) }))
  const labelled = labelledMarks(marks)
  const title = `${label} of ${guestTitle}`
  const words = describe(control)
  return (
    <div
      className={styles.row}
      data-testid={`slider-${guest}-${name}`}
      data-requested={requested ?? 'unlimited'}
      data-effective={control.effective ?? 'unlimited'}
      data-status={control.status}
      data-applies={control.applies}
    >
      <div className={styles.load}>
        <span className={styles.label}>{label}</span>
        <LiveUse guest={guest} control={name} />
      </div>
      {usage === null ? <span /> : <LiveChart guest={guest} usage={usage} ceiling={ceilingFor(control)} label={`Load of ${guestTitle}: ${label}`} />}
      <Slider.Root
        className={styles.slider}
        value={scale.toPosition(requested)}
        min={0}
        max={scale.top}
        step={1}
        largeStep={scale.largeStep}
        disabled={disabled}
        thumbAlignment="center"
        onValueChange={(position) => slider.change(scale.fromPosition(Array.isArray(position) ? (position[0] ?? 0) : position, requested))}
      >
        <Slider.Control className={styles.control}>
          <Slider.Track className={styles.track}>
            <span className={styles.effective} style={{ width: `${effectiveAt}%` }} />
            {control.effective !== requested && !disabled && (
              <span className={styles.between} style={{ left: `${Math.min(effectiveAt, requestedAt)}%`, width: `${Math.abs(requestedAt - effectiveAt)}%` }} />
            )}
            <span className={styles.mark} style={{ left: `${effectiveAt}%` }} />
            {marks.map((mark) => (
              <span key={mark.value} className={styles.tick} style={{ left: `${mark.at}%` }}>
                {labelled.has(mark.value) && <span className={styles.tickLabel}>{mark.label}</span>}
              </span>
            ))}
            <Slider.Thumb
              className={styles.thumb}
              aria-label={title}
              aria-describedby={words === null ? undefined : `${guest}-${name}-words`}
              getAriaValueText={() => spell(requested, control.unit)}
            />
          </Slider.Track>
        </Slider.Control>
      </Slider.Root>
      <ValueField label={title} control={control} value={requested} disabled={disabled} onChange={slider.change} />
      <p className={styles.words} id={`${guest}-${name}-words`} data-tone={control.status === 'not-followed' ? 'warn' : 'muted'} title={words ?? undefined}>
        {words}
      </p>
    </div>
  )
}

/** What the line under the slider says: why it cannot move, what the guest did instead, or where it is heading. */
function describe(control: Control): string | null {
  if (control.applies === 'unavailable') return control.reason ?? 'This host cannot change it.'
  if (control.status === 'not-followed') return control.note ?? `Stopped at ${spell(control.effective, control.unit)}.`
  if (control.status === 'following') return control.note ?? `Now ${spell(control.effective, control.unit)}, moving`
  if (control.applies === 'next-boot') return control.reason ?? 'Acts from the next start.'
  return control.note
}

function share(position: number, top: number): number {
  return (position / top) * 100
}

/** The top of the load's chart: the limit in force, so that a full chart means the limit is reached. */
function ceilingFor(control: Control): number | null {
  return ['percent', 'MiB'].includes(control.unit) ? (control.effective ?? control.maximum) : null
}
