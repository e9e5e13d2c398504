import { useEffect, useRef } from 'react'
import type { GuestView } from '../../src/contract/guest.ts'
import type { GuestName } from '../../src/contract/names.ts'
import type { SnapshotId, SnapshotView } from '../../src/contract/snapshot.ts'
import { capital, clockTime, stateWords } from '../format.ts'
import { useWindow } from '../store/context.ts'
import { StateMark } from '../ui/state-mark.tsx'
import { type Placed, placeSnapshots } from './snapshot-tree.ts'
import styles from './snapshots.module.css'
import { useStill } from './use-still.ts'

interface TimelineProps {
  readonly guest: GuestName
  readonly snapshots: readonly SnapshotView[]
  readonly current: SnapshotId | null
  readonly state: GuestView
  readonly chosen: SnapshotId | null
  readonly onChoose: (id: SnapshotId) => void
}

const now = 'now'
/** Sizes in rem; a link runs from the right edge of a card's picture to the left edge of the next one's. */
const column = 13
const lane = 11
const card = 11
const middle = 3.125

/** Snapshots from left to right, a lane for each branch, and where the guest is now. */
export function SnapshotTimeline({ guest, snapshots, current, state, chosen, onChoose }: TimelineProps) {
  const { placed, columns, lanes } = placeSnapshots(snapshots, { id: now, parent: current })
  const spots = new Map(placed.map((spot) => [spot.id, spot]))
  const end = useRef<HTMLDivElement>(null)
  const last = spots.get(now)?.column ?? 0
  useEffect(() => {
    if (last > 0) void end.current?.scrollIntoView({ block: 'nearest', inline: 'end' })
  }, [last])
  return (
    <div className={styles.timeline} role="group" aria-label="Timeline">
      <div className={styles.canvas} style={{ width: `${columns * column}rem`, height: `${lanes * lane}rem` }}>
        <svg aria-hidden className={styles.links} viewBox={`0 0 ${columns * column} ${lanes * lane}`} preserveAspectRatio="none">
          {placed.map((spot) => {
            const parent = spot.parent === null ? undefined : spots.get(spot.parent)
            return parent === undefined ? null : <path key={spot.id} d={link(parent, spot)} data-now={spot.id === now} />
          })}
        </svg>
        {placed.map((spot) => {
          const snapshot = snapshots.find(({ id }) => id === spot.id)
          const place = { left: `${spot.column * column}rem`, top: `${spot.lane * lane}rem` }
          return snapshot === undefined ? (
            <div key={spot.id} ref={end} className={styles.node} data-now="true" style={place}>
              <Now guest={guest} state={state} />
            </div>
          ) : (
            <button
              key={spot.id}
              ref={snapshot.id === chosen ? keepInSight : null}
              type="button"
              className={styles.node}
              style={place}
              aria-pressed={snapshot.id === chosen}
              data-testid={`snapshot-${snapshot.title}`}
              data-unusable={snapshot.unusable !== null}
              onClick={() => onChoose(snapshot.id)}
            >
              <Picture guest={guest} snapshot={snapshot} />
              <strong>{snapshot.title}</strong>
              <span>{`${new Date(snapshot.takenAt).toLocaleDateString()} ${clockTime(snapshot.takenAt)}`}</span>
              <span>{whatOf(snapshot)}</span>
            </button>
          )
        })}
      </div>
    </div>
  )
}

function whatOf({ kind, unusable, diskUsable }: SnapshotView): string {
  if (unusable !== null) return diskUsable ? 'Only its disk fits here' : 'Cannot be restored'
  return kind === 'live' ? 'Memory and disk' : 'Disk only'
}

/** What is said of the chosen one takes room from the timeline. */
function keepInSight(card: HTMLElement | null): void {
  card?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
}

function link(from: Placed, to: Placed): string {
  const x1 = from.column * column + card
  const y1 = from.lane * lane + middle
  const x2 = to.column * column
  const y2 = to.lane * lane + middle
  const turn = (x1 + x2) / 2
  return `M${x1} ${y1} C${turn} ${y1} ${turn} ${y2} ${x2} ${y2}`
}

function Now({ guest, state }: { readonly guest: GuestName; readonly state: GuestView }) {
  const picture = useWindow((window) => window.thumbnails[guest])
  return (
    <>
      <span className={styles.picture}>{picture === undefined ? null : <img src={picture} alt="" />}</span>
      <strong>Now</strong>
      <span className={styles.state}>
        <StateMark view={state} />
        {capital(stateWords(state))}
      </span>
    </>
  )
}

function Picture({ guest, snapshot }: { readonly guest: GuestName; readonly snapshot: SnapshotView }) {
  const { id, thumbnail } = snapshot
  const picture = useStill(`snapshot ${id}`, thumbnail !== null, (client, signal) => client.snapshot.thumbnail({ guest, id }, { signal }))
  return <span className={styles.picture}>{picture === undefined ? (thumbnail === null ? 'no picture' : null) : <img src={picture} alt="" />}</span>
}
