import { type RefObject, useEffect, useEffectEvent } from 'react'

/** Escape within the element leaves what is asked there, and nothing around it: the dialog it stands in stays open. */
export function useLeave(element: RefObject<HTMLElement | null>, onLeave: () => void): void {
  const leave = useEffectEvent(onLeave)
  useEffect(() => {
    const asked = element.current
    if (asked === null) return
    const keys = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      event.stopPropagation()
      leave()
    }
    asked.addEventListener('keydown', keys)
    return () => asked.removeEventListener('keydown', keys)
  }, [element])
}
