import { useEffect, useState } from 'react'
import styles from './drop-guard.module.css'

/** The words stay this long after the last sign of what is dragged: somebody who has let go already reads them too. */
const lingersMs = 8_000

/**
 * Keeps a browser from opening in the window's place what is let go beside a drop target, and says where it can go.
 * What a target took (its default is prevented by then) is left alone, and so is text on its way into a field.
 */
export function DropGuard() {
  const [beside, setBeside] = useState(false)
  useEffect(() => {
    let quiet: ReturnType<typeof setTimeout> | undefined
    const guard = (event: DragEvent) => {
      clearTimeout(quiet)
      if (event.defaultPrevented || event.dataTransfer === null || !wouldOpen(event.dataTransfer, event.target)) return setBeside(false)
      event.preventDefault()
      event.dataTransfer.dropEffect = 'none'
      setBeside(event.dataTransfer.types.includes('Files'))
      quiet = setTimeout(() => setBeside(false), lingersMs)
    }
    const events = ['dragenter', 'dragover', 'drop'] as const
    for (const each of events) window.addEventListener(each, guard)
    return () => {
      clearTimeout(quiet)
      for (const each of events) window.removeEventListener(each, guard)
    }
  }, [])
  return (
    <p className={styles.beside} role="status" data-shown={beside} data-testid="drop-guard">
      {beside && 'Not here: drop files on a guest’s screen to copy them into it, or on the library to make a guest of a disc or a disk.'}
    </p>
  )
}

function wouldOpen({ types }: DataTransfer, target: EventTarget | null): boolean {
  if (types.includes('Files')) return true
  return types.includes('text/uri-list') && !(target instanceof Element && target.matches('input, textarea'))
}
