import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { directories } from '../../src/node/paths.ts'
import { loadWindowState, placeWindow, saveWindowState } from './window-state.ts'

const display = { x: 0, y: 0, width: 1920, height: 1040 }
const at = (x: number, y: number, width = 1200, height = 800) => ({ bounds: { x, y, width, height }, maximized: false })

describe('placeWindow', () => {
  it('opens where it was, if at least half of it is still on a display', () => {
    expect(placeWindow(at(100, 50), [display])).toEqual({ x: 100, y: 50, width: 1200, height: 800 })
    expect(placeWindow(at(2000, 50), [display, { ...display, x: 1920 }])).toMatchObject({ x: 2000 })
  })

  it('comes back when its display has gone', () => {
    expect(placeWindow(at(2000, 50), [display])).toEqual({ x: 240, y: 70, width: 1440, height: 900 })
  })

  it('fits a small display, but not below the smallest design', () => {
    expect(placeWindow(null, [{ x: 0, y: 0, width: 1280, height: 760 }])).toEqual({ x: 0, y: 0, width: 1280, height: 760 })
    expect(placeWindow(null, [{ x: 0, y: 0, width: 800, height: 600 }])).toEqual({ x: 0, y: 0, width: 1024, height: 700 })
    expect(placeWindow(at(0, 0, 300, 200), [display])).toMatchObject({ width: 1024, height: 700 })
  })
})

describe('window state', () => {
  it('survives a restart, and a file that is broken', async () => {
    const home = mkdtempSync(join(tmpdir(), 'diptych-window-'))
    const places = directories({ DIPTYCH_HOME: home })
    mkdirSync(places.state)
    try {
      expect(loadWindowState(places)).toBeNull()
      await saveWindowState(places, at(1, 2))
      expect(loadWindowState(places)).toEqual(at(1, 2))
      writeFileSync(join(places.state, 'window.json'), '{"bounds":')
      expect(loadWindowState(places)).toBeNull()
    } finally {
      rmSync(home, { recursive: true })
    }
  })
})
