import { type GuestAction, type GuestView, isOff } from '../../src/contract/guest.ts'
import { displayName } from '../format.ts'
import type { Session } from '../store/session.ts'
import { layouts } from '../stage/layout.ts'
import type { WindowState } from '../store/state.ts'
import { reasonAgainst } from './reason.ts'
import { reasonAgainstStageSnapshot, takeStageSnapshot } from './stage-controls.ts'
import { fullScreen, giveKeys, popOut, pressKeys, takeScreenshot } from './guest-controls.ts'

/** One thing the window can do: the same entry serves buttons, menus, palette and shortcut. */
export interface Command {
  readonly id: string
  readonly title: string
  /** The guest's name, for grouping; null for the window's own. */
  readonly group: string | null
  readonly shortcut?: string
  /** Why it cannot be done now, a whole sentence; null when it can. */
  readonly disabledReason: string | null
  readonly run: () => void
}

export const chords: readonly { readonly label: string; readonly keys: readonly string[] }[] = [
  { label: 'Ctrl+Alt+Del', keys: ['ctrl', 'alt', 'delete'] },
  { label: 'Alt+Tab', keys: ['alt', 'tab'] },
  { label: 'Alt+F4', keys: ['alt', 'f4'] },
  { label: 'Windows key', keys: ['meta_l'] },
  { label: 'Ctrl+Esc', keys: ['ctrl', 'esc'] },
  { label: 'Print Screen', keys: ['print'] },
  ...[1, 2, 3, 4, 5, 6, 7].map((number) => ({ label: `Ctrl+Alt+F${number}`, keys: ['ctrl', 'alt', `f${number}`] })),
]

/** Every command of one guest. `index` is its place on the stage, which names its shortcuts. */
export function guestCommands(session: Session, view: GuestView, index: number): readonly Command[] {
  const { name } = view
  const title = displayName(view)
  const can = (action: GuestAction) => reasonAgainst(view.actions[action])
  const entry = (id: string, words: string, disabledReason: string | null, run: () => void, shortcut?: string): Command => ({
    id: `${id}:${name}`,
    title: words,
    group: title,
    disabledReason,
    run,
    ...(shortcut === undefined ? {} : { shortcut }),
  })
  const place = index < 9 ? String(index + 1) : undefined
  const off = isOff(view.state)
  const screen = view.screen.available ? null : (view.screen.reason ?? 'The guest has no screen now.')
  return [
    entry('type', 'Type into this guest', screen, () => giveKeys(name), place && `Alt+${place}`),
    entry('start', 'Start', can('start'), () => void session.askWithinBudget(`start ${name}`, (client, force) => client.guest.start({ name, force }))),
    entry('start-cold', 'Start cold, without its warm state', can('start'), () =>
      void session.askWithinBudget(`start ${name}`, (client, force) => client.guest.start({ name, boot: 'cold', force })),
    ),
    entry('stop', 'Stop', can('stop'), () => void session.askGuest(`stop ${name}`, (client) => client.guest.stop({ name }))),
    entry('force-stop', 'Force stop…', can('forceStop'), () => session.open({ kind: 'force-stop', guest: name })),
    entry('pause', 'Pause', can('pause'), () => void session.askGuest(`pause ${name}`, (client) => client.guest.pause({ name }))),
    entry('resume', 'Resume', can('resume'), () => void session.askGuest(`resume ${name}`, (client) => client.guest.resume({ name }))),
    entry('reset', 'Reset…', can('reset'), () => session.open({ kind: 'reset', guest: name })),
    entry(
      'link',
      view.network.linkUp ? 'Cut its network link' : 'Restore its network link',
      can('set'),
      () => void session.askGuest(`change the link of ${name}`, (client) => client.guest.set({ name, change: { linkUp: !view.network.linkUp } })),
      place && `Alt+Shift+${place}`,
    ),
    entry('fullscreen', 'Full screen', screen, () => void fullScreen(session, name)),
    entry('pop-out', 'Open in its own window', screen, () => popOut(name)),
    entry('screenshot', 'Save a screenshot', can('screenshot'), () => void takeScreenshot(session, name)),
    entry('restart', 'Restart', can('restart'), () => void session.askGuest(`restart ${name}`, (client) => client.guest.restart({ name }))),
    entry('suspend', 'Suspend to disk', can('suspend'), () => void session.askGuest(`suspend ${name}`, (client) => client.guest.suspend({ name }))),
    entry('snapshots', 'Snapshots…', null, () => session.open({ kind: 'snapshots', guest: name })),
    entry('inspect', 'Inside it: system, users, file systems…', null, () => session.open({ kind: 'inspect', guest: name })),
    entry('copy-in', 'Copy files into it…', null, () => session.open({ kind: 'copy-in', guest: name, files: [] })),
    entry('copy-out', 'Copy a file out of it…', null, () => session.open({ kind: 'copy-out', guest: name })),
    entry('edit', 'Settings…', null, () => session.open({ kind: 'edit', guest: name })),
    entry('clone', 'Clone…', null, () => session.open({ kind: 'clone', from: { guest: name }, title })),
    entry('make-template', 'Make a template…', null, () => session.open({ kind: 'make-template', guest: name })),
    entry('flatten', 'Make its disk stand alone', null, () => void session.ask(`flatten ${name}`, (client) => client.template.flatten({ guest: name }))),
    entry('policies', 'Policies…', null, () => session.open({ kind: 'policies', guest: name })),
    entry('export', 'Export…', null, () => session.open({ kind: 'export', guest: name })),
    entry('delete', 'Delete…', off ? null : 'Only a guest that is off can be deleted.', () => session.open({ kind: 'delete', guest: name })),
    entry('logs', 'Show logs', null, () => session.open({ kind: 'logs', guest: name })),
    ...chords.map((chord) => entry(`press-${chord.label}`, `Press ${chord.label}`, can('sendKeys'), () => void pressKeys(session, name, chord.keys))),
  ]
}

/** The commands that belong to the window or the whole stage. */
export function windowCommands(session: Session, state: WindowState): readonly Command[] {
  const entry = (id: string, title: string, run: () => void, shortcut?: string, disabledReason: string | null = null): Command => ({
    id,
    title,
    group: null,
    disabledReason,
    run,
    ...(shortcut === undefined ? {} : { shortcut }),
  })
  const views = Object.values(state.guests).map((update) => update.view)
  const anyOn = views.some((view) => !isOff(view.state))
  const noGuests = (state.stage?.guests.length ?? 0) === 0 ? 'The stage has no guest yet; start it first.' : null
  const allOn = views.length > 0 && views.every((view) => view.state === 'running' || view.state === 'starting')
  return [
    entry('up', 'Start the stage', () => void session.ask('start the stage', (client) => client.stage.up({})), undefined, allOn ? 'Every guest is running or starting.' : null),
    entry('down', 'Stop the stage…', () => session.open({ kind: 'stop-all' }), undefined, anyOn ? null : 'No guest is running.'),
    entry('stage-snapshot', 'Take a snapshot of the stage', () => void takeStageSnapshot(session), undefined, noGuests ?? reasonAgainstStageSnapshot(state)),
    entry('stage-snapshots', 'Snapshots of the stage…', () => session.open({ kind: 'stage-snapshots' }), 'Alt+H'),
    entry('reset-stage', 'Reset the stage…', () => session.open({ kind: 'reset-stage' }), undefined, noGuests),
    ...layouts.map((layout) => entry(`layout-${layout.value}`, `Layout: ${layout.label}`, () => session.change({ layout: layout.value }))),
    entry('theme-system', 'Appearance: follow the system', () => session.change({ theme: 'system' })),
    entry('theme-light', 'Appearance: light', () => session.change({ theme: 'light' })),
    entry('theme-dark', 'Appearance: dark', () => session.change({ theme: 'dark' })),
    entry('mixer', 'Mixer: every slider, the budget, charts', () => session.store.setState({ place: 'mixer' }), 'Alt+M'),
    entry('library', 'Library: all guests, templates and the trash', () => session.store.setState({ place: 'library' }), 'Alt+G'),
    entry('stage', 'Stage: guests side by side', () => session.store.setState({ place: 'stage' }), 'Alt+S'),
    entry('new-guest', 'New guest…', () => session.store.setState({ place: 'new-guest' })),
    entry('network', 'Network: who opens whose page, requests, capture', () => session.open({ kind: 'network' })),
    entry('settings', 'Settings…', () => session.open({ kind: 'settings' }), 'Ctrl+,'),
    entry('help', 'Keyboard shortcuts', () => session.open({ kind: 'help' }), '?'),
    entry('real-windows', 'Use real Windows…', () => session.open({ kind: 'real-windows' })),
  ]
}
