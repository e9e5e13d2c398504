import { type ActionAnswer, GuestAction, type GuestState, type GuestView } from '../contract/guest.ts'
import { isAllowed, refusalReason } from './lifecycle.ts'

/** The answers of the `can` table for every action, with the reasons a person reads on a disabled button. */
export function answerActions(state: GuestState, agentLive: boolean): Record<GuestAction, ActionAnswer> {
  const answers = GuestAction.options.map((action): [GuestAction, ActionAnswer] => {
    if (!isAllowed(action, state)) return [action, { allowed: false, reason: `${refusalReason(action, state)}.` }]
    if (action === 'exec' && !agentLive) return [action, { allowed: false, reason: 'The guest agent does not answer.' }]
    return [action, { allowed: true, reason: null }]
  })
  return Object.fromEntries(answers) as Record<GuestAction, ActionAnswer> // one entry per option of the enum
}

/** Why there is no screen to show, or null when there is one. */
export function screenReason(state: GuestState): string | null {
  return state === 'running' || state === 'paused' ? null : state === 'starting' ? 'The guest is starting.' : 'The guest is not running.'
}

/** Two views are the same when nothing a client can see differs. */
export function isSameView(left: GuestView, right: GuestView): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
