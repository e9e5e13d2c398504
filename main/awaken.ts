import type { GuestName } from '../src/contract/names.ts'
import type { Machine } from '../src/engine/engine.ts'

const wakeTimeoutMs = 15_000
/** The demonstration guests' own command; a clone of any other guest has none. */
const wake = '/usr/local/bin/diptych-guest'
const wakeIfThere = `[ -x ${wake} ] && echo "$1" >/run/diptych/name && ${wake} wake`

/**
 * Tells a guest whose memory comes from elsewhere what has become of it, as soon as its agent answers: the time; a clone its
 * new name; a demonstration guest to show a new nonce and to ask for its address again. One that goes on from its own memory
 * is who it was: only its clock stood still. All is tried; rejects with the first failure.
 */
export async function awaken({ agent, boot }: Machine, name: GuestName): Promise<void> {
  const told: Promise<unknown>[] = []
  if (boot === 'warm') told.push(agent.exec(wake, ['wake'], wakeTimeoutMs))
  if (boot === 'cloned') told.push(agent.setHostName(name, wakeIfThere))
  told.push(agent.setTime(Date.now())) // while the program runs
  for (const outcome of await Promise.allSettled(told)) if (outcome.status === 'rejected') throw outcome.reason
}
