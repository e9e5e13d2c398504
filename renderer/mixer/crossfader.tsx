import { Slider } from '@base-ui/react/slider'
import { Undo2 } from 'lucide-react'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { CrossfadeResult, GuestView } from '../../src/contract/guest.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { displayName, memory } from '../format.ts'
import { useSession, useWindow } from '../store/context.ts'
import { applyUpdate } from '../store/reduce.ts'
import { Button } from '../ui/button.tsx'
import styles from './crossfader.module.css'
import { crossfadeShare } from './crossfade-share.ts'
import { sliderIntervalMs, Throttle, windowClock } from './throttle.ts'

/** One control that moves CPU and memory from one guest to the other and back, keeping both above their floors. */
export function Crossfader({ left, right }: { readonly left: GuestName; readonly right: GuestName }) {
  const session = useSession()
  const leftView = useWindow((state) => state.guests[left]?.view)
  const rightView = useWindow((state) => state.guests[right]?.view)
  const [asked, setAsked] = useState<number | null>(null)
  const [undo, setUndo] = useState<CrossfadeResult['undo']>([])
  const [limits, setLimits] = useState<readonly string[]>([])
  const throttle = useRef<Throttle<number> | null>(null)

  useEffect(() => {
    const made = new Throttle<number>(sliderIntervalMs, windowClock, async (share) => {
      const result = await session.ask(`move resources between ${left} and ${right}`, (client) => client.guest.crossfade({ left, right, share }))
      if (result !== null) {
        for (const update of result.guests) session.store.setState((state) => applyUpdate(state, update))
        setLimits(result.limits)
        // The first move of a row of moves knows what was before all of them.
        setUndo((before) => (before.length > 0 ? before : result.undo))
      }
      if (!made.waiting) setAsked(null)
    })
    throttle.current = made
  }, [session, left, right])
  const move = useCallback((share: number) => {
    setAsked(share)
    throttle.current?.push(share)
  }, [])

  if (leftView === undefined || rightView === undefined) return null
  const now = crossfadeShare(leftView, rightView)
  const share = asked ?? now
  const against = [leftView, rightView].flatMap((view) => (view.actions.set.allowed ? [] : [`${displayName(view)}: ${view.actions.set.reason ?? 'its settings cannot be changed now.'}`])).at(0) ?? null
  const back = async () => {
    const changes = undo
    setUndo([])
    setLimits([])
    // By force: while one guest has its part back and the other not yet, more may be promised than before or after.
    for (const { name, change } of changes) await session.askGuest(`undo on ${name}`, (client) => client.guest.set({ name, change, force: true }))
  }
  return (
    <div className={styles.crossfader} role="group" aria-label="Crossfader" data-testid="crossfader" data-share={now.toFixed(3)}>
      <End view={leftView} percent={100 - Math.round(share * 100)} />
      <Slider.Root
        className={styles.slider}
        value={Math.round(share * 100)}
        min={0}
        max={100}
        step={1}
        largeStep={10}
        disabled={against !== null}
        thumbAlignment="center"
        onValueChange={(value) => move((Array.isArray(value) ? (value[0] ?? 0) : value) / 100)}
      >
        <Slider.Control className={styles.control}>
          <Slider.Track className={styles.track}>
            <span className={styles.left} data-accent={leftView.kind} style={{ width: `${share * 100}%` }} />
            <span className={styles.right} data-accent={rightView.kind} style={{ width: `${(1 - share) * 100}%` }} />
            <span className={styles.middle} />
            <Slider.Thumb
              className={styles.thumb}
              aria-label={`CPU and memory between ${displayName(leftView)} and ${displayName(rightView)}`}
              getAriaValueText={() => `${Math.round((1 - share) * 100)} % to ${displayName(leftView)}, ${Math.round(share * 100)} % to ${displayName(rightView)}`}
            />
          </Slider.Track>
        </Slider.Control>
      </Slider.Root>
      <End view={rightView} percent={Math.round(share * 100)} />
      <Button variant="icon" hint="Undo the crossfade" disabledReason={undo.length === 0 ? 'Nothing was moved yet.' : null} onClick={() => void back()}>
        <Undo2 aria-hidden />
      </Button>
      <p className={styles.words} role="status">
        {against ?? limits.join(' ')}
      </p>
    </div>
  )
}

function End({ view, percent }: { readonly view: GuestView; readonly percent: number }) {
  const { memory: control, cpuCap, vcpus } = view.controls
  const cpu = cpuCap.requested === null ? `${vcpus.requested ?? view.vcpus} vCPU${vcpus.requested === 1 ? '' : 's'}` : `${Math.round(cpuCap.requested)} % CPU`
  return (
    <span className={styles.end} data-accent={view.kind}>
      <strong>{`${percent} %`}</strong>
      <span>{`${cpu}, ${memory(control.requested ?? control.maximum)}`}</span>
    </span>
  )
}
