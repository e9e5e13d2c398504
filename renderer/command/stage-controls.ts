import type { GuestView } from '../../src/contract/guest.ts'
import type { StageSnapshotView } from '../../src/contract/stage.ts'
import type { TaskView } from '../../src/contract/task.ts'
import { displayName } from '../format.ts'
import type { Session } from '../store/session.ts'
import type { WindowState } from '../store/state.ts'
import { reasonAgainst } from './reason.ts'

/** The guests that a snapshot of the stage takes, as far as they are known here. */
export function guestsOfStage({ stage, guests }: Pick<WindowState, 'stage' | 'guests'>): readonly GuestView[] {
  return (stage?.guests ?? []).flatMap((name) => guests[name]?.view ?? [])
}

/** The snapshot of the whole stage that is being taken, or gone back to. */
export function stageTask({ tasks }: Pick<WindowState, 'tasks'>): TaskView | undefined {
  return tasks.find(({ kind, guest, status }) => status === 'running' && guest === null && (kind === 'snapshot' || kind === 'restore'))
}

/** Why no snapshot of the stage can be taken now, a whole sentence; null when it can. */
export function reasonAgainstStageSnapshot(state: Pick<WindowState, 'stage' | 'guests' | 'tasks'>): string | null {
  const views = guestsOfStage(state)
  if (views.length === 0) return 'The stage has no guest yet; start it first.'
  const task = stageTask(state)
  if (task !== undefined) return `${task.title}: that has to end first.`
  const against = views.find((view) => !view.actions.snapshot.allowed)
  return against === undefined ? null : `${displayName(against)}: ${reasonAgainst(against.actions.snapshot) ?? ''}`
}

/** Takes a snapshot of every guest of the stage at one instant; null, with a notice, when that did not happen. */
export async function takeStageSnapshot(session: Session, title?: string): Promise<StageSnapshotView | null> {
  const taken = await session.ask('take a snapshot of the stage', (client) => client.stage.takeSnapshot(title === undefined ? {} : { title }))
  if (taken !== null) session.notify({ level: 'info', text: `The snapshot “${taken.title}” of the stage was taken.`, next: taken.pausedMs === 0 ? 'No guest was on: their disks are kept.' : `The guests stood still for ${Math.round(taken.pausedMs)} ms.` })
  return taken
}
