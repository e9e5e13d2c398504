import type { GuestAction, GuestState } from '../contract/guest.ts'

/** Actions of clients, and `tend`: work on what is kept of a guest (its snapshots, say) that needs it for itself and changes no state. */
export type OwnedAction = GuestAction | 'tend'

/**
 * The life of a guest, and the one table that says which action each state allows. Used by the request queue, by
 * the view (`actions`, so that a disabled button says why) and by the fake host.
 *
 *                    start                        running <---- resume ---- paused
 *   defined/stopped --------> starting ---------->   |  ------- pause ---->   |
 *        ^   ^                 ^ |                   | stop                   | forceStop
 *        |   |           start | | fault             v                        |
 *        |   +------ exited ---|-|-- stopping <------+                        |
 *        |                     | |                                            |
 *        +------ failed <------|-+  (start may be tried again)  <-------------+
 *                              |
 *                          suspended <--- suspending <--- suspend --- running, paused
 *
 * A graceful stop or a suspend that does not succeed leads back to where it came from. `restart` is `stopping`, then
 * `starting`; `restore` is `starting`; a snapshot changes no state, whatever it does to the guest meanwhile.
 */
export const can: Readonly<Record<OwnedAction, readonly GuestState[]>> = {
  start: ['defined', 'stopped', 'failed', 'suspended'],
  stop: ['running'],
  restart: ['running'],
  forceStop: ['starting', 'running', 'paused', 'stopping', 'suspending'],
  pause: ['running'],
  resume: ['paused'],
  suspend: ['running', 'paused'],
  reset: ['running', 'paused'],
  snapshot: ['defined', 'running', 'paused', 'stopped', 'failed'],
  restore: ['defined', 'running', 'paused', 'stopped', 'suspended', 'failed'],
  set: ['defined', 'starting', 'running', 'paused', 'stopped', 'suspended', 'failed'],
  sendKeys: ['running'],
  screenshot: ['running', 'paused'],
  exec: ['running'],
  tend: ['defined', 'running', 'paused', 'stopped', 'suspended', 'failed'],
}

/** States in which the action's purpose is already met. */
const met: Readonly<Partial<Record<OwnedAction, readonly GuestState[]>>> = {
  start: ['running', 'starting'],
  stop: ['defined', 'stopped', 'suspended', 'failed'],
  forceStop: ['defined', 'stopped', 'suspended', 'failed'],
  suspend: ['suspended'],
  pause: ['paused'],
  resume: ['running'],
}

export function isAllowed(action: OwnedAction, state: GuestState): boolean {
  return can[action].includes(state)
}

/** Whether the action would change nothing because the guest is that way already. */
export function isAlready(action: OwnedAction, state: GuestState): boolean {
  return met[action]?.includes(state) ?? false
}

const inWords: Readonly<Record<GuestState, string>> = {
  defined: 'it has not been started yet',
  starting: 'it is starting',
  running: 'it is running',
  paused: 'it is paused',
  suspending: 'it is being suspended',
  suspended: 'it is suspended',
  stopping: 'it is stopping',
  stopped: 'it is stopped',
  failed: 'its last start failed',
}

const needs: Readonly<Record<OwnedAction, string>> = {
  start: 'Only a stopped guest can be started',
  stop: 'Only a running guest can be stopped gracefully',
  forceStop: 'There is nothing to stop',
  pause: 'Only a running guest can be paused',
  resume: 'Only a paused guest can be resumed',
  restart: 'Only a running guest can be restarted',
  suspend: 'Only a running or paused guest can be suspended',
  reset: 'Only a running or paused guest can be reset',
  snapshot: 'A snapshot is taken of a guest that runs, is paused or is stopped',
  restore: 'It cannot be put back to a snapshot now',
  set: 'Its settings cannot be changed now',
  sendKeys: 'Keys reach only a running guest',
  screenshot: 'Only a running or paused guest has a screen',
  exec: 'Programs run only in a running guest',
  tend: 'What is kept of it cannot be changed now',
}

/** Why the state does not allow the action, as a sentence without full stop. */
export function refusalReason(action: OwnedAction, state: GuestState): string {
  return `${needs[action]}: ${inWords[state]}`
}
