import { useEffect } from 'react'
import { layoutFor, layouts } from '../stage/layout.ts'
import { stageOrder } from '../stage/use-stage-order.ts'
import { useSession } from '../store/context.ts'
import type { Session } from '../store/session.ts'
import { guestCommands } from './commands.ts'

/** Every shortcut of the window, for the help dialog. They act only while Diptych itself has the keyboard. */
export const shortcuts: readonly { readonly keys: string; readonly does: string }[] = [
  { keys: 'Ctrl+K', does: 'All actions' },
  { keys: '?', does: 'This list' },
  { keys: 'Ctrl+,', does: 'Settings' },
  { keys: 'Alt+S', does: 'The stage: guests side by side' },
  { keys: 'Alt+M', does: 'The mixer: every slider, the host’s budget, charts' },
  { keys: 'Alt+G', does: 'The library: all guests, templates and the trash' },
  { keys: 'Alt+H', does: 'Snapshots of the stage: take one, go back, reset' },
  { keys: 'Alt+L', does: 'Next layout' },
  { keys: 'Alt+1', does: 'Type into the first guest (Alt+2 the second, and so on)' },
  { keys: 'Alt+Shift+1', does: 'Cut or restore the link of the first guest, and so on' },
  { keys: 'F6', does: 'Next guest’s frame' },
]

/** Listens for the window's shortcuts while no guest has the keyboard and nobody is typing text. */
export function useShortcuts(): void {
  const session = useSession()
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (session.store.getState().keysTo !== null || event.defaultPrevented) return
      const act = actionFor(session, event)
      if (act === null) return
      event.preventDefault()
      act()
    }
    window.addEventListener('keydown', pressed)
    return () => window.removeEventListener('keydown', pressed)
  }, [session])
}

function actionFor(session: Session, event: KeyboardEvent): (() => void) | null {
  const state = session.store.getState()
  const control = event.ctrlKey || event.metaKey
  if (control && event.key.toLowerCase() === 'k') return () => session.open(state.dialog?.kind === 'palette' ? null : { kind: 'palette' })
  if (state.dialog !== null) return null
  if (control && event.key === ',') return () => session.open({ kind: 'settings' })
  if (event.key === '?' && !isTyping(event)) return () => session.open({ kind: 'help' })
  if (event.key === 'F6') return () => nextFrame(event.shiftKey ? -1 : 1)
  if (!event.altKey || control) return null
  if (event.code === 'KeyS') return () => session.store.setState({ place: 'stage' })
  if (event.code === 'KeyM') return () => session.store.setState({ place: 'mixer' })
  if (event.code === 'KeyG') return () => session.store.setState({ place: 'library' })
  if (event.code === 'KeyH') return () => session.open({ kind: 'stage-snapshots' })
  if (state.place !== 'stage') return null
  const order = stageOrder(state)
  if (event.code === 'KeyL') {
    const at = layouts.findIndex((layout) => layout.value === layoutFor(state.settings, order.length))
    const next = layouts[(at + 1) % layouts.length]
    return next === undefined ? null : () => session.change({ layout: next.value })
  }
  const place = /^Digit([1-9])$/.exec(event.code)?.[1]
  const name = place === undefined ? undefined : order[Number(place) - 1]
  const view = name === undefined ? undefined : state.guests[name]?.view
  if (view === undefined) return null
  const id = `${event.shiftKey ? 'link' : 'type'}:${view.name}`
  const command = guestCommands(session, view, Number(place) - 1).find((candidate) => candidate.id === id)
  return command === undefined || command.disabledReason !== null ? null : command.run
}

function isTyping(event: KeyboardEvent): boolean {
  return event.target instanceof HTMLInputElement && event.target.type === 'text'
}

/** Moves the focus from guest to guest, as F6 moves between panes elsewhere. */
function nextFrame(by: 1 | -1): void {
  const frames = [...document.querySelectorAll<HTMLElement>('[data-frame]')]
  const at = frames.findIndex((frame) => frame.contains(document.activeElement))
  frames.at((at + by + frames.length) % frames.length)?.focus()
}
