import { type RefObject, useEffect, useRef } from 'react'
import type { GuestName } from '../../src/contract/names.ts'
import { useSession, useWindow } from '../store/context.ts'

const refreshMs = 4_000

/**
 * A still picture of the guest's screen, asked for again every few seconds while `moving` and the element is in sight.
 * The last one stays when the guest stops. Failures are silent: the card says how the guest is anyway.
 */
export function useThumbnail(name: GuestName, available: boolean, moving: boolean): { readonly picture: string | undefined; readonly place: RefObject<HTMLDivElement | null> } {
  const session = useSession()
  const picture = useWindow((state) => state.thumbnails[name])
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = place.current
    if (!available || element === null) return
    const ended = new AbortController()
    let inSight = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const take = async () => {
      clearTimeout(timer)
      if (ended.signal.aborted || !inSight) return
      if (document.visibilityState === 'visible') {
        const shot = await session.connection.client.guest.screenshot({ name }, { signal: ended.signal }).catch(() => null)
        if (shot !== null) session.store.setState((state) => ({ thumbnails: { ...state.thumbnails, [name]: `data:image/png;base64,${shot.png}` } }))
      }
      if (moving && !ended.signal.aborted && inSight) timer = setTimeout(() => void take(), refreshMs)
    }
    const seen = new IntersectionObserver((entries) => {
      const before = inSight
      inSight = entries.some((entry) => entry.isIntersecting)
      if (inSight && !before) void take()
    })
    seen.observe(element)
    return () => {
      ended.abort()
      clearTimeout(timer)
      seen.disconnect()
    }
  }, [session, name, available, moving])
  return { picture, place }
}
