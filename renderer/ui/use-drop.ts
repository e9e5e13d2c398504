import { type DragEvent, useRef, useState } from 'react'

/** What a person let go over an element. */
export interface Dropped {
  readonly files: readonly File[]
  /** The names of folders among it: a window gets to know no more of them. */
  readonly folders: readonly string[]
}

/** Takes what is dropped on an element; `over` while it hovers. Spread `handlers` onto the element. */
export function useDrop(take: (dropped: Dropped) => void) {
  const [over, setOver] = useState(false)
  // Entering a child comes before leaving its parent: only the balance tells whether the file is still over the element.
  const depth = useRef(0)
  const hover = (by: number) => {
    depth.current = by === 0 ? 0 : Math.max(0, depth.current + by)
    setOver(depth.current > 0)
  }
  const handlers = {
    onDragEnter: (event: DragEvent) => {
      event.preventDefault()
      if (event.dataTransfer.types.includes('Files')) hover(1)
    },
    onDragLeave: () => hover(-1),
    onDragOver: (event: DragEvent) => event.preventDefault(),
    onDrop: (event: DragEvent) => {
      event.preventDefault()
      hover(0)
      const dropped = droppedOf(event.dataTransfer)
      if (dropped.files.length > 0 || dropped.folders.length > 0) take(dropped)
    },
  }
  return { over, handlers }
}

/** A folder comes as a file too, whose content cannot be read: only its entry tells what it is. */
function droppedOf(data: DataTransfer): Dropped {
  const files: File[] = []
  const folders: string[] = []
  for (const item of data.items) {
    if (item.kind !== 'file') continue
    const entry = item.webkitGetAsEntry()
    const file = item.getAsFile()
    if (entry?.isDirectory === true) folders.push(entry.name)
    else if (file !== null) files.push(file)
  }
  return { files, folders }
}
