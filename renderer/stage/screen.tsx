import { useEffect, useRef, useState } from 'react'
import type { ClipboardMode } from '../../src/contract/guest.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { focusEvent, frameAttribute } from '../command/guest-controls.ts'
import type { ScreenSize } from '../screen/guest-screen.ts'
import { ChordWatch } from '../screen/release-chord.ts'
import { type ScreenPhase, Viewer } from '../screen/viewer.ts'
import { useSession, useWindow } from '../store/context.ts'
import styles from './screen.module.css'

export interface ScreenProps {
  readonly name: GuestName
  readonly label: string
  /** Whether the guest's screen can be looked at now. */
  readonly active: boolean
  readonly paused: boolean
  readonly clipboard: ClipboardMode
  /** The size its definition gives it. */
  readonly ownSize: ScreenSize
  readonly onPhase: (phase: ScreenPhase) => void
}

/** A guest's live screen: keyboard by click or command only, back by the release chord. */
export function Screen({ name, label, active, paused, clipboard, ownSize: { width, height }, onPhase }: ScreenProps) {
  const session = useSession()
  const host = useRef<HTMLDivElement>(null)
  const [viewer, setViewer] = useState<Viewer | null>(null)
  const scale = useWindow((state) => state.settings.scale[name] ?? 'fit')
  const chord = useWindow((state) => state.settings.releaseChord)
  const hasKeys = useWindow((state) => state.keysTo === name)
  const startScale = useRef(scale)

  useEffect(() => {
    if (!active || host.current === null) return
    const made = new Viewer(host.current, () => session.connection.openScreen(name), startScale.current, onPhase)
    setViewer(made)
    return () => {
      setViewer(null)
      made.dispose()
    }
  }, [session, name, active, onPhase])

  useEffect(() => {
    startScale.current = scale
    viewer?.setScale(scale, { width, height })
  }, [viewer, scale, width, height])

  useEffect(() => viewer?.setClipboard(clipboard), [viewer, clipboard])

  useEffect(() => {
    if (!paused) viewer?.wake()
  }, [viewer, paused])

  useEffect(() => {
    const frame = host.current?.closest(`[${frameAttribute}]`)
    const focus = () => viewer?.focus()
    frame?.addEventListener(focusEvent, focus)
    return () => frame?.removeEventListener(focusEvent, focus)
  }, [viewer])

  useEffect(() => {
    if (!hasKeys || viewer === null) return
    const watch = new ChordWatch(chord)
    const down = (event: KeyboardEvent) => void watch.feed('down', event.code)
    const up = (event: KeyboardEvent) => {
      if (!watch.feed('up', event.code)) return
      // After noVNC has sent the key's release to the guest.
      queueMicrotask(() => host.current?.closest<HTMLElement>(`[${frameAttribute}]`)?.focus())
    }
    const forget = () => watch.reset()
    window.addEventListener('keydown', down, true)
    window.addEventListener('keyup', up, true)
    window.addEventListener('blur', forget)
    return () => {
      window.removeEventListener('keydown', down, true)
      window.removeEventListener('keyup', up, true)
      window.removeEventListener('blur', forget)
    }
  }, [hasKeys, viewer, chord])

  return (
    // noVNC's canvas inside takes the keys; this element only hears that it has them.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      ref={host}
      className={styles.screen}
      data-testid={`screen-${name}`}
      role="application"
      aria-label={`Screen of ${label}`}
      onFocus={() => {
        session.keysTo(name)
        void viewer?.offerClipboard()
      }}
      onBlur={() => session.keysTo(null)}
    />
  )
}
