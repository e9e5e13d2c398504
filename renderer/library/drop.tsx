import { type DragEvent, useRef, useState } from 'react'
import styles from './drop.module.css'

/** Takes what is dropped on an element, one file or several; `over` while it hovers. Spread `handlers` onto the element. */
export function useDrop(take: (file: File, all: readonly File[]) => void) {
  const [over, setOver] = useState(false)
  // Entering a child comes before leaving its parent: only the balance tells whether the file is still over the element.
  const depth = useRef(0)
  const hover = (by: number) => {
    depth.current = by === 0 ? 0 : Math.max(0, depth.current + by)
    setOver(depth.current > 0)
  }
  const handlers = {
    onDragEnter: (event: DragEvent) => event.dataTransfer.types.includes('Files') && hover(1),
    onDragLeave: () => hover(-1),
    onDragOver: (event: DragEvent) => event.preventDefault(),
    onDrop: (event: DragEvent) => {
      event.preventDefault()
      hover(0)
      const [file] = event.dataTransfer.files
      if (file !== undefined) take(file, [...event.dataTransfer.files])
    },
  }
  return { over, handlers }
}

export function DropHint() {
  return <p className={styles.over}>Drop the file to make a guest of it</p>
}
