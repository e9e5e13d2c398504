import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomic } from '../../src/node/file/atomic.ts'
import type { Directories } from '../../src/node/paths.ts'

const Bounds = z.object({ x: z.number().int(), y: z.number().int(), width: z.number().int().positive(), height: z.number().int().positive() })
export type Bounds = z.infer<typeof Bounds>

/** Where the window was, in the screen's coordinates, and whether it filled it. */
export const WindowState = z.object({ bounds: Bounds, maximized: z.boolean() })
export type WindowState = z.infer<typeof WindowState>

export const smallestWindow = { width: 1024, height: 700 }
const usualWindow = { width: 1440, height: 900 }

const statePath = (directories: Directories) => join(directories.state, 'window.json')

export function loadWindowState(directories: Directories): WindowState | null {
  try {
    return WindowState.parse(JSON.parse(readFileSync(statePath(directories), 'utf8')))
  } catch {
    return null // first start, or a file of another version: the usual size will do
  }
}

export function saveWindowState(directories: Directories, state: WindowState): Promise<void> {
  return writeFileAtomic(statePath(directories), `${JSON.stringify(state)}\n`)
}

/**
 * Where to open: as last time if enough of that is on a display that is there now, else centred on the first display,
 * never larger than it and never smaller than the design allows.
 */
export function placeWindow(state: WindowState | null, displays: readonly Bounds[]): Bounds {
  const saved = state?.bounds
  if (saved !== undefined && displays.some((display) => visibleArea(saved, display) * 2 >= saved.width * saved.height)) {
    return { ...saved, width: Math.max(saved.width, smallestWindow.width), height: Math.max(saved.height, smallestWindow.height) }
  }
  const display = displays[0] ?? { x: 0, y: 0, ...usualWindow }
  const width = Math.max(smallestWindow.width, Math.min(usualWindow.width, display.width))
  const height = Math.max(smallestWindow.height, Math.min(usualWindow.height, display.height))
  return { x: display.x + Math.max(0, Math.round((display.width - width) / 2)), y: display.y + Math.max(0, Math.round((display.height - height) / 2)), width, height }
}

function visibleArea(window: Bounds, display: Bounds): number {
  const width = Math.min(window.x + window.width, display.x + display.width) - Math.max(window.x, display.x)
  const height = Math.min(window.y + window.height, display.y + display.height) - Math.max(window.y, display.y)
  return Math.max(0, width) * Math.max(0, height)
}
