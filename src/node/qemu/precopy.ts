import { setTimeout as sleep } from 'node:timers/promises'
import { EngineFault } from '../../engine/engine.ts'
import { asNumber, asObject, asString } from '../../engine/qemu/json.ts'
import type { QmpEvent, QmpSession } from '../../engine/qemu/qmp-session.ts'
import { runAgain } from './run-again.ts'

export interface PrecopyOptions {
  /** Where the other QEMU listens. */
  readonly socketPath: string
  /** Called while the guest stands still and its disk is still its own: the moment of the copy. */
  readonly paused: () => Promise<void>
  readonly progress: (fraction: number) => void
  readonly signal: AbortSignal | undefined
}

const pollMs = 20
/** How long the guest may stand still at first, and when it writes faster than its memory is copied. */
const downtimesMs = [100, 500, 2_000, 10_000] as const
const roundMs = 15_000
const switchTimeoutMs = 60_000

/**
 * Copies a machine into another QEMU while it runs, and lets it go on: QEMU's live migration without its end (docs/devel/
 * migration). The guest stands still only for the last of what it wrote meanwhile. Whatever fails or is cancelled, it is as
 * before: running, or paused.
 */
export async function precopy(qmp: QmpSession, options: PrecopyOptions): Promise<{ pausedMs: number; wasRunning: boolean }> {
  const wasRunning = await isRunning(qmp)
  if (asString(asObject(await qmp.execute('query-status'))['status']) === 'postmigrate') await qmp.execute('cont') // QEMU migrates no machine twice that did not run in between
  await qmp.execute('migrate-set-capabilities', { capabilities: [...switchover(true), { capability: 'x-ignore-shared', state: false }] })
  try {
    await qmp.execute('migrate-set-parameters', { 'max-bandwidth': 2 ** 40, 'downtime-limit': downtimesMs[0] })
    const standing = status(qmp, ['pre-switchover', 'failed', 'cancelled'])
    let stood = false
    void standing.then(() => (stood = true), () => undefined)
    await qmp.execute('migrate', { uri: `unix:${options.socketPath}` })
    await untilStanding(qmp, () => stood, options)
    const begun = performance.now()
    await demand(qmp, standing, 'pre-switchover')
    await options.paused()
    const ended = status(qmp, ['completed', 'failed', 'cancelled'])
    ended.catch(() => undefined) // the command's own error says more
    await qmp.execute('migrate-continue', { state: 'pre-switchover' })
    await demand(qmp, ended, 'completed')
    await runAgain(qmp, wasRunning)
    return { pausedMs: Math.round(performance.now() - begun), wasRunning }
  } catch (error) {
    await giveUp(qmp, wasRunning)
    throw error
  } finally {
    await qmp.execute('migrate-set-capabilities', { capabilities: switchover(false) }).catch(() => undefined) // QEMU is gone: the caller hears of it
  }
}

/** Ends a migration under way, whatever its state, and puts the guest back as it was. Also for what a killed host had begun. */
export async function giveUp(qmp: QmpSession, wasRunning: boolean): Promise<void> {
  await qmp.execute('migrate_cancel').catch(() => undefined) // nothing is under way
  for (let tries = 0; tries < 500; tries += 1) {
    const state = asString(asObject(await qmp.execute('query-migrate'))['status'])
    if (state === null || ['none', 'completed', 'failed', 'cancelled'].includes(state)) break
    await sleep(pollMs)
  }
  await qmp.execute('migrate-set-capabilities', { capabilities: switchover(false) })
  if (wasRunning !== (await isRunning(qmp))) await runAgain(qmp, wasRunning)
}

/** The rounds in which memory is copied; a guest that writes too fast is let stand still for longer, step by step. */
async function untilStanding(qmp: QmpSession, stood: () => boolean, { progress, signal }: PrecopyOptions): Promise<void> {
  let allCopiedAt: number | null = null
  let step = 0
  while (!stood()) {
    signal?.throwIfAborted()
    const ram = asObject(asObject(await qmp.execute('query-migrate'))['ram'])
    const total = asNumber(ram['total']) ?? 0
    if ((asNumber(ram['dirty-sync-count']) ?? 0) > 1) allCopiedAt ??= performance.now()
    else if (total > 0) progress(1 - (asNumber(ram['remaining']) ?? 0) / total)
    const due = allCopiedAt === null ? 0 : Math.min(downtimesMs.length - 1, Math.floor((performance.now() - allCopiedAt) / roundMs))
    if (due > step) await qmp.execute('migrate-set-parameters', { 'downtime-limit': downtimesMs[due] ?? 0 })
    step = due
    await sleep(pollMs)
  }
}

async function demand(qmp: QmpSession, event: Promise<QmpEvent>, wanted: string): Promise<void> {
  const state = asString((await event).data['status'])
  if (state === wanted) return
  const reason = asString(asObject(await qmp.execute('query-migrate'))['error-desc'])
  throw new EngineFault('qemu', `QEMU could not copy the machine: ${reason ?? `its migration is ${state ?? 'gone'}`}`)
}

function status(qmp: QmpSession, wanted: readonly string[]): Promise<QmpEvent> {
  return qmp.event(({ name, data }) => name === 'MIGRATION' && wanted.includes(asString(data['status']) ?? ''), wanted.includes('completed') ? switchTimeoutMs : 2 ** 31 - 1, 'the copy of the machine')
}

async function isRunning(qmp: QmpSession): Promise<boolean> {
  return asString(asObject(await qmp.execute('query-status'))['status']) === 'running'
}

function switchover(state: boolean) {
  return [{ capability: 'pause-before-switchover', state }, { capability: 'events', state: true }]
}
