import { useState } from 'react'
import { Group, Panel, Separator } from 'react-resizable-panels'
import type { GuestName } from '../../src/contract/names.ts'
import type { StageView } from '../../src/contract/stage.ts'
import { Mixer } from '../mixer/mixer.tsx'
import { useWindow } from '../store/context.ts'
import { Checklist } from './checklist.tsx'
import { GuestFrame } from './guest-frame.tsx'
import { focusedGuest, layoutFor, rowsFor } from './layout.ts'
import { loadSizes, saveSizes } from './sizes.ts'
import styles from './stage.module.css'
import { useStageOrder } from './use-stage-order.ts'
import { Wire } from './wire.tsx'

/** The guests, the wire between them, and the mixer; before there are any, the checklist in the same place. */
export function Stage() {
  const order = useStageOrder()
  const stage = useWindow((state) => state.stage)
  const settings = useWindow((state) => state.settings)
  const anyOn = useWindow((state) => Object.values(state.guests).some(({ view }) => view.state === 'running' || view.state === 'paused'))
  const [shares, setShares] = useState<Readonly<Record<string, number>>>({})
  const layout = layoutFor(settings, order.length)
  const rows = rowsFor(layout, order, focusedGuest(settings, order))
  const oneRow = rows.length === 1 && rows[0]?.length === order.length
  return (
    <main className={styles.stage} data-testid="stage" data-layout={layout} data-status={stage?.status}>
      <div className={styles.screens}>
        <Group orientation="vertical" className={styles.group} key={`${layout}-${rows.length}`} {...remembered(`rows-${layout}-${rows.length}`)}>
          {rows.flatMap((row, rowIndex) => [
            rowIndex > 0 && <Separator key={`between-${row.join()}`} className={styles.horizontal} aria-label="Resize the rows" />,
            <Panel key={row.join()} id={`row-${rowIndex}`} minSize="15%">
              <Row names={row} order={order} onShares={setShares} />
            </Panel>,
          ])}
        </Group>
      </div>
      <Wire guests={order} shares={oneRow ? order.map((name) => shares[name] ?? 100 / order.length) : order.map(() => 1)} />
      <Mixer guests={layout === 'focus' ? rows.flat() : order} named={!oneRow} />
      {showsChecklist(stage, anyOn, order.length) && <Checklist stage={stage} />}
    </main>
  )
}

interface RowProps {
  readonly names: readonly GuestName[]
  readonly order: readonly GuestName[]
  readonly onShares: (shares: Readonly<Record<string, number>>) => void
}

function Row({ names, order, onShares }: RowProps) {
  return (
    <Group orientation="horizontal" className={styles.group} onLayoutChange={onShares} {...remembered(`row-${names.join('+')}`)}>
      {names.flatMap((name, index) => [
        index > 0 && <Separator key={`before-${name}`} className={styles.vertical} aria-label="Resize the screens" />,
        <Panel key={name} id={name} minSize="20%">
          <GuestFrame name={name} index={order.indexOf(name)} />
        </Panel>,
      ])}
    </Group>
  )
}

/** Where a group's dividers were left, and keeping that up to date. */
function remembered(id: string) {
  const sizes = loadSizes(localStorage, id)
  return {
    ...(sizes === undefined ? {} : { defaultLayout: sizes }),
    onLayoutChanged: (layout: Record<string, number>, meta: { isUserInteraction: boolean }) => {
      if (meta.isUserInteraction) saveSizes(localStorage, id, layout)
    },
  }
}

/** The checklist shows while there is nothing else to see: a guest that runs, or stands stopped and ready, goes first. */
function showsChecklist(stage: StageView | null, anyOn: boolean, guests: number): stage is StageView {
  if (stage === null || anyOn) return false
  if (stage.status === 'working' || stage.status === 'failed') return true
  return stage.status !== 'ready' && (guests === 0 || stage.status === 'cancelled')
}
