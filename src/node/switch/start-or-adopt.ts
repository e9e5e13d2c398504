import { renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SwitchFault, type SwitchClient } from '../../network/client.ts'
import { ensurePrivateDirectory } from '../paths.ts'
import { spawnDetached } from '../process/detached.ts'
import { identify, type ProcessIdentity, signalProcess, waitGone } from '../process/process-identity.ts'
import { connectControl, ControlClient } from './control-client.ts'
import { readSwitchRecord, switchPaths } from './switch-record.ts'

export interface SwitchPlace {
  /** The directory of switch.json and the two sockets. */
  readonly runtime: string
  /** The directory of leases.json and switch.log. */
  readonly state: string
  /** The built switch program, out/main/switch.js. */
  readonly entry: string
  readonly subnet?: string
  readonly domain?: string
  /** How long a new switch may take to greet. */
  readonly timeoutMs?: number
}

const MAX_LOG_BYTES = 1_048_576
/** How long a switch may take to end. */
const END_TIMEOUT_MS = 10_000

/** The switch that serves this runtime directory: pid, start time and greeting agree; null when there is none. */
export async function findSwitch(place: { readonly runtime: string }): Promise<SwitchClient | null> {
  const found = await lookFor(place.runtime)
  return found instanceof ControlClient ? found : null
}

/** As `findSwitch`; a switch of another release, which nobody of this one can talk to, is told by its process alone. */
async function lookFor(runtime: string): Promise<ControlClient | ProcessIdentity | null> {
  const record = readSwitchRecord(runtime)
  if (record === null) return null
  const identity = identify(record.pid)
  if (record.startTicks !== null && identity?.startTicks !== record.startTicks) return null
  try {
    const client = await connectControl(switchPaths(runtime).control)
    if (client.greeting.instance === record.instance && client.processId === record.pid) return client
    client.dispose()
    return null
  } catch (error) {
    if (!(error instanceof SwitchFault)) throw error
    return error.code === 'other-version' && record.startTicks !== null ? identity : null
  }
}

/** The one started in its place has the same leases and sockets, so that guests find it there. */
async function end(otherRelease: ProcessIdentity): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    signalProcess(otherRelease, signal)
    if (await waitGone(otherRelease, END_TIMEOUT_MS)) return
  }
}

/** Finds the running switch or starts one that outlives this process. Rejects with SwitchFault('unreachable'). */
export async function startOrAdoptSwitch(place: SwitchPlace): Promise<SwitchClient> {
  const found = await lookFor(place.runtime)
  if (found instanceof ControlClient) return found
  if (found !== null) await end(found)
  ensurePrivateDirectory(place.runtime)
  ensurePrivateDirectory(place.state)
  const logPath = join(place.state, 'switch.log')
  trimLog(logPath)
  const settings = [...(place.subnet === undefined ? [] : ['--subnet', place.subnet]), ...(place.domain === undefined ? [] : ['--domain', place.domain])]
  const program = [process.execPath, place.entry, '--runtime', place.runtime, '--state', place.state, ...settings]
  // Inside Electron execPath is Electron, which runs as plain Node when told so; env(1) replaces itself by it.
  const [file = '', ...args] = process.versions['electron'] === undefined ? program : ['/usr/bin/env', 'ELECTRON_RUN_AS_NODE=1', ...program]
  const child = await spawnDetached(file, args, { logPath, scope: `diptych-switch-${process.pid}-${Date.now()}` }).catch((error: unknown) => {
    throw new SwitchFault('unreachable', `the switch could not be started: ${String(error)}`, { cause: error })
  })
  const deadline = performance.now() + (place.timeoutMs ?? 15_000)
  while (performance.now() < deadline) {
    const client = await findSwitch(place)
    if (client !== null) return client
    if (child.exitCode !== null || child.signalCode !== null) throw new SwitchFault('unreachable', `the switch ended at once (exit code ${child.exitCode ?? child.signalCode})`, { remedy: `read ${logPath}` })
    await sleep(10)
  }
  child.kill()
  throw new SwitchFault('unreachable', 'the switch was started and did not greet in time', { remedy: `read ${logPath}` })
}

/** Keeps one older log beside the current one. */
function trimLog(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size > MAX_LOG_BYTES) renameSync(path, `${path}.1`)
}
