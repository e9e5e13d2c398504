import { useCallback, useEffect, useRef, useState } from 'react'
import type { ControlChange, ControlName } from '../../src/contract/control.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { useSession } from '../store/context.ts'
import { sliderIntervalMs, Throttle, windowClock } from './throttle.ts'

/**
 * A slider's value in the hand: what the person last asked for while it is being sent, else what the host says was
 * requested. Sends at most 20 changes a second; the last one always lands.
 */
export function useSlider(guest: GuestName, control: ControlName, requested: number | null): { value: number | null; change: (value: number | null) => void } {
  const session = useSession()
  const [asked, setAsked] = useState<{ value: number | null } | null>(null)
  const throttle = useRef<Throttle<number | null> | null>(null)

  useEffect(() => {
    const made = new Throttle<number | null>(sliderIntervalMs, windowClock, async (value) => {
      await session.askWithinBudget(`set ${control} of ${guest}`, (client, force) => client.guest.set({ name: guest, change: changeOf(control, value), waitMs: 0, force }))
      // A newer value waiting keeps the thumb where the hand is.
      if (!made.waiting) setAsked(null)
    })
    throttle.current = made
  }, [session, guest, control])

  const change = useCallback((value: number | null) => {
    setAsked({ value })
    throttle.current?.push(value)
  }, [])

  return { value: asked === null ? requested : asked.value, change }
}

function changeOf(control: ControlName, value: number | null): ControlChange {
  switch (control) {
    case 'vcpus':
    case 'cpuWeight':
    case 'memory':
      // These have no "unlimited": their scales never give null.
      return value === null ? {} : { [control]: value }
    case 'cpuCap':
    case 'diskIops':
    case 'diskBandwidth':
    case 'linkBandwidth':
      return { [control]: value }
  }
}
