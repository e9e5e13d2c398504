import { setTimeout as sleep } from 'node:timers/promises'
import type { GuestName } from '../src/contract/names.ts'
import type { HttpLine } from '../src/contract/network.ts'
import { Cancelled } from '../src/contract/refusal.ts'
import { type GuestDefinition, recipeOf } from '../src/guest/definition.ts'
import type { GuestOwner } from '../src/guest/owner.ts'
import { type Preparation, specify, warmDirectory, warmFit } from './prepare.ts'

/** Pages each way, seen on the wire, before a desktop counts as settled. */
const pagesEachWay = 3
/** After that the desktops finish what they are drawing. */
const settleMs = 6_000
const patienceMs = 600_000

export interface SettlePorts {
  readonly guests: readonly GuestName[]
  requests(): Promise<HttpLine[]>
  agentsLive(): boolean
  allRunning(): boolean
  nowMs(): number
}

/**
 * Resolves when each guest has fetched the other's page a few times, judged by what passed the switch since
 * `sinceMs`. Rejects with Cancelled when a guest stops meanwhile or it takes too long.
 */
export async function untilSettled(ports: SettlePorts, sinceMs: number, signal: AbortSignal): Promise<void> {
  const begun = ports.nowMs()
  for (;;) {
    signal.throwIfAborted()
    if (!ports.allRunning()) throw new Cancelled('saving for a warm start (a guest stopped)')
    if (ports.nowMs() - begun > patienceMs) throw new Error('the guests have not shown each other\'s pages within 10 minutes')
    const recent = (await ports.requests()).filter((line) => line.status === 200 && Date.parse(line.at) >= sinceMs)
    const settled = ports.guests.every((from) => ports.guests.every((to) => from === to || recent.filter((line) => line.from === from && line.to === to).length >= pagesEachWay))
    if (settled && ports.agentsLive()) break
    await pause(500, signal)
  }
  await pause(settleMs, signal)
  signal.throwIfAborted()
}

/** Returns early, without a word, when the signal aborts: the caller looks. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return sleep(milliseconds, undefined, { signal }).catch(() => undefined)
}

export async function hasWarmState(preparation: Preparation, definition: GuestDefinition): Promise<boolean> {
  try {
    return (await warmFit(preparation, definition, await specify(preparation, definition, () => ''))).kind === 'fits'
  } catch {
    return false // not built yet: there cannot be one
  }
}

export interface WarmPorts {
  readonly preparation: Preparation
  readonly owners: readonly GuestOwner[]
  requests(): Promise<HttpLine[]>
}

/** Saves a warm state of every cold-started guest that lacks one, once the desktops have settled. Answers in words. */
export async function saveWarmStates(ports: WarmPorts, progressed: (detail: string) => void, signal: AbortSignal): Promise<string> {
  const { owners } = ports
  const missing: GuestOwner[] = []
  for (const owner of owners) {
    if (owner.machine?.boot === 'cold' && recipeOf(owner.definition) !== null && !(await hasWarmState(ports.preparation, owner.definition))) missing.push(owner)
  }
  if (missing.length === 0) return 'there already'
  progressed('waiting until each desktop shows the other\u2019s page')
  await untilSettled(
    {
      guests: owners.map((owner) => owner.definition.name),
      requests: () => ports.requests(),
      agentsLive: () => owners.every((owner) => owner.agentState === 'live'),
      allRunning: () => owners.every((owner) => owner.state === 'running'),
      nowMs: () => Date.now(),
    },
    Math.max(...owners.map((owner) => owner.machine?.startedAtMs ?? 0)),
    signal,
  )
  const pauses: string[] = []
  for (const { machine, definition } of missing) {
    if (machine === null) throw new Cancelled(`saving ${definition.name} (it stopped)`)
    progressed(`saving ${definition.name}`)
    const { pausedMs } = await machine.save(await warmDirectory(ports.preparation, machine.spec))
    pauses.push(`${definition.name} paused ${Math.round(pausedMs)} ms`)
  }
  return pauses.join(', ')
}
