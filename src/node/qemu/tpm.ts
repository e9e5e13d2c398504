import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MissingPrerequisite } from '../../contract/refusal.ts'
import { EngineFault, type MachineSpec } from '../../engine/engine.ts'
import { spawnDetached } from '../process/detached.ts'
import { commandLineHolds, findByArguments, identify, type ProcessIdentity, signalProcess, waitGone } from '../process/process-identity.ts'
import { checkSocketPath, type RunLayout } from './layout.ts'

const readyWithinMs = 10_000
const endsWithinMs = 10_000

/**
 * Starts swtpm for a guest that has a TPM 2.0: a process of its own, for the length of the run, its state in `tpm/` beside
 * the guest's disk. It ends by itself when QEMU lets go of it. Resolves with where it listens, null for a guest without; rejects with MissingPrerequisite where swtpm is not installed.
 */
export async function startTpm(spec: MachineSpec, layout: RunLayout): Promise<string | null> {
  if (spec.tpm !== true) return null
  const socketPath = join(layout.directory, 'tpm')
  checkSocketPath(socketPath)
  mkdirSync(stateOf(spec), { recursive: true, mode: 0o700 })
  const giveUpAt = performance.now() + readyWithinMs
  let child = await execute(spec, layout, socketPath)
  while (!existsSync(socketPath)) {
    if (performance.now() > giveUpAt) {
      stopTpm(layout)
      throw new EngineFault('tpm', `The TPM of ${spec.name} did not start`, { remedy: `Its last words are in ${logOf(layout)}; its state is in ${stateOf(spec)}.` })
    }
    await sleep(10)
    // The state is locked for a moment longer when the last run ended just now.
    if (child.exitCode !== null) child = await execute(spec, layout, socketPath)
  }
  return socketPath
}

async function execute(spec: MachineSpec, layout: RunLayout, socketPath: string): Promise<ChildProcess> {
  const args = ['socket', '--tpm2', '--tpmstate', stateArgument(stateOf(spec)), '--ctrl', `type=unixio,path=${socketPath},mode=0600`, '--pid', pidArgument(layout), '--flags', 'startup-clear', '--terminate']
  const scope = `diptych-tpm-${spec.name}-${spec.uuid.slice(0, 8)}-${Date.now()}`
  try {
    return await spawnDetached('swtpm', args, { logPath: logOf(layout), scope })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new MissingPrerequisite('swtpm', `${spec.name} has a TPM, which swtpm emulates, and that is not installed`, `install it with: sudo apt-get install swtpm; or do without: diptych edit ${spec.name} tpm=off`)
  }
}

/** Ends the TPM of a run that QEMU never took, if there is one. */
export function stopTpm(layout: RunLayout): void {
  const process = processOf(layout) ?? findByArguments('--pid', pidArgument(layout)) // it may not have come to write it
  if (process !== null) signalProcess(process, 'SIGTERM')
}

/** The TPM of a machine that ended just now follows it. Rejects with EngineFault when it does not within 10 s. */
export async function tpmEnded(guestDirectory: string): Promise<void> {
  const process = findByArguments('--tpmstate', stateArgument(join(guestDirectory, 'tpm')))
  if (process === null || (await waitGone(process, endsWithinMs))) return
  throw new EngineFault('tpm', `The TPM whose state is in ${guestDirectory} does not end (process ${process.pid})`, { remedy: `End it: kill ${process.pid}` })
}

function stateOf(spec: MachineSpec): string {
  return join(dirname(spec.diskPath), 'tpm')
}

function stateArgument(directory: string): string {
  return `dir=${directory},mode=0600`
}

function logOf(layout: RunLayout): string {
  return join(layout.logs.directory, 'tpm.log')
}

function pidFile(layout: RunLayout): string {
  return join(layout.directory, 'tpm.pid')
}

function pidArgument(layout: RunLayout): string {
  return `file=${pidFile(layout)}`
}

/** swtpm's own pid file, believed only when that process was given this very file. */
function processOf(layout: RunLayout): ProcessIdentity | null {
  try {
    const pid = Number(readFileSync(pidFile(layout), 'utf8'))
    return commandLineHolds(pid, pidArgument(layout)) ? identify(pid) : null
  } catch {
    return null // there is none
  }
}
