import { CircleHelp, Columns2, Grid2x2, Play, Power, Rows2, Search, Settings, Square } from 'lucide-react'
import type { ReactElement } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { isOff } from '../../src/contract/guest.ts'
import { displayName } from '../format.ts'
import { focusedGuest, layoutFor, layouts } from '../stage/layout.ts'
import { StageMenu, StageTask } from '../stage/stage-menu.tsx'
import { stageOrder, useStageOrder } from '../stage/use-stage-order.ts'
import { useSession, useWindow } from '../store/context.ts'
import type { Layout } from '../store/settings.ts'
import { Button } from '../ui/button.tsx'
import { DiptychMark } from '../ui/os-mark.tsx'
import styles from './header.module.css'

const icons: Record<Layout, ReactElement> = {
  'side-by-side': <Columns2 aria-hidden />,
  stacked: <Rows2 aria-hidden />,
  grid: <Grid2x2 aria-hidden />,
  focus: <Square aria-hidden />,
}

const places = [
  { value: 'stage', label: 'Stage', shortcut: 'Alt+S' },
  { value: 'mixer', label: 'Mixer', shortcut: 'Alt+M' },
  { value: 'library', label: 'Library', shortcut: 'Alt+G' },
] as const

/** Diptych's own strip: the stage as a whole, its layout, and the way to every action. */
export function Header() {
  const session = useSession()
  const settings = useWindow((state) => state.settings)
  const order = useStageOrder()
  const place = useWindow((state) => state.place)
  const layout = layoutFor(settings, order.length)
  return (
    <header className={styles.header}>
      <h1 className={styles.brand}>
        <DiptychMark />
        <span className="where-room">Diptych</span>
      </h1>
      <nav className={styles.places} aria-label="Places">
        {places.map(({ value, label, shortcut }) => (
          <Button key={value} variant="icon" className={styles.place ?? ''} hint={label} shortcut={shortcut} aria-current={value === (place === 'new-guest' ? 'library' : place) ? 'page' : undefined} onClick={() => session.store.setState({ place: value })}>
            {label}
          </Button>
        ))}
      </nav>
      {place === 'stage' && layout === 'focus' && <GuestTabs />}
      <span className={styles.space} />
      <StageTask />
      {place === 'stage' && <StageButton />}
      {place === 'stage' && <StageMenu />}
      <div className={styles.layouts} role="toolbar" aria-label="Layout" hidden={place !== 'stage'}>
        {layouts.map(({ value, label }) => (
          <Button key={value} variant="icon" hint={label} shortcut={value === layout ? undefined : 'Alt+L'} aria-pressed={value === layout} onClick={() => session.change({ layout: value })}>
            {icons[value]}
          </Button>
        ))}
      </div>
      <button type="button" className={styles.search} aria-haspopup="dialog" onClick={() => session.open({ kind: 'palette' })}>
        <Search aria-hidden />
        <span className="where-room">All actions</span>
        <kbd>Ctrl K</kbd>
      </button>
      <Button variant="icon" hint="Settings" shortcut="Ctrl+," onClick={() => session.open({ kind: 'settings' })}>
        <Settings aria-hidden />
      </Button>
      <Button variant="icon" hint="Keyboard shortcuts" shortcut="?" onClick={() => session.open({ kind: 'help' })}>
        <CircleHelp aria-hidden />
      </Button>
    </header>
  )
}

/** Starts what is off, or stops everything when all of it is on. */
function StageButton() {
  const session = useSession()
  const all = useWindow(useShallow((state) => stageOrder(state).flatMap((name) => state.guests[name]?.view.state ?? [])))
  const status = useWindow((state) => state.stage?.status)
  const anyOn = all.some((state) => state === 'running' || state === 'paused')
  // The checklist has its own button.
  if (status === 'working') return anyOn ? <Progress /> : null
  if (all.length === 0 || ((status === 'failed' || status === 'cancelled') && !anyOn)) return null
  const off = all.some(isOff)
  const count = all.length === 1 ? '' : all.length === 2 ? ' both' : ' all'
  return off ? (
    <Button onClick={() => void session.ask('start the stage', (client) => client.stage.up({}))}>
      <Play aria-hidden />
      {`Start${count}`}
    </Button>
  ) : (
    <Button onClick={() => session.open({ kind: 'stop-all' })}>
      <Power aria-hidden />
      {`Stop${count}…`}
    </Button>
  )
}

/** What is still being set up while the stage already shows a guest. */
function Progress() {
  const step = useWindow((state) => state.stage?.steps.find((candidate) => candidate.status === 'running'))
  if (step === undefined) return null
  return (
    <p className={styles.progress} role="status">
      {step.title}
      {step.fraction !== null && <span>{Math.round(step.fraction * 100)} %</span>}
    </p>
  )
}

/** Which guest is shown, in the layout that shows one at a time. */
function GuestTabs() {
  const session = useSession()
  const order = useStageOrder()
  const guests = useWindow((state) => state.guests)
  const shown = useWindow((state) => focusedGuest(state.settings, stageOrder(state)))
  return (
    <div className={styles.tabs} role="toolbar" aria-label="Guest shown">
      {order.map((name) => {
        const view = guests[name]?.view
        return view === undefined ? null : (
          <Button key={name} variant="icon" className={styles.tab ?? ''} data-accent={view.kind} aria-pressed={name === shown} onClick={() => session.change({ focused: name })}>
            {displayName(view)}
          </Button>
        )
      })}
    </div>
  )
}
