import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, renameSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineFault, type MachineSpec, type StartOptions } from '../../engine/engine.ts'
import { QmpSession } from '../../engine/qemu/qmp-session.ts'
import { explainStartFailure } from '../../engine/qemu/start-failure.ts'
import { readTail } from '../file/tail.ts'
import { guestSlice, spawnDetached } from '../process/detached.ts'
import { identify, type ProcessIdentity } from '../process/process-identity.ts'
import type { RunLayout } from './layout.ts'
import { byteStream, connectWhenReady } from './unix-stream.ts'

/** A QEMU process that was executed; whether it answers is another matter. */
export interface Launched {
  readonly child: ChildProcess
  readonly process: ProcessIdentity
}

const greetingTimeoutMs = 20_000

/** Executes QEMU with a fresh engine log (the last one becomes `.1`). */
export async function launch(binary: string, args: readonly string[], layout: RunLayout, spec: MachineSpec, inherit: readonly number[]): Promise<Launched> {
  if (existsSync(layout.logs.engine)) renameSync(layout.logs.engine, `${layout.logs.engine}.1`)
  let child: ChildProcess
  try {
    child = await spawnDetached(binary, args, { logPath: layout.logs.engine, inherit, scope: `diptych-${spec.name}-${spec.uuid.slice(0, 8)}-${Date.now()}`, slice: guestSlice })
  } catch (cause) {
    throw new EngineFault('qemu', `${binary} could not be executed`, { cause, remedy: 'apt-get install qemu-system-x86 qemu-utils' })
  }
  const process = child.pid === undefined ? null : identify(child.pid)
  if (process === null) throw startFault(spec, layout, endingOf(child) ?? 'at once')
  return { child, process }
}

/** Connects to QMP as soon as QEMU listens. Rejects with what QEMU said when it ended instead. */
export async function openQmp({ child }: Launched, layout: RunLayout, spec: MachineSpec, signal: AbortSignal | undefined): Promise<QmpSession> {
  try {
    const socket = await connectWhenReady(layout.qmp, {
      timeoutMs: greetingTimeoutMs,
      until: () => (signal?.aborted === true ? 'cancelled' : endingOf(child)),
    })
    return new QmpSession(byteStream(socket))
  } catch (cause) {
    signal?.throwIfAborted()
    throw startFault(spec, layout, endingOf(child) ?? 'it never opened its control socket', cause)
  }
}

/** The reason a start failed, from QEMU's log: it may end right after its sockets appear. */
export function startFault(spec: MachineSpec, layout: RunLayout, ending: string, cause?: unknown): EngineFault {
  const { part, reason, remedy } = explainStartFailure(spec.name, readTail(layout.logs.engine, 4_000), ending)
  return new EngineFault(part, reason, { cause, ...(remedy === undefined ? {} : { remedy }) })
}

export function endingOf(child: ChildProcess): string | null {
  if (child.signalCode !== null) return `signal ${child.signalCode}`
  return child.exitCode === null ? null : `exit code ${child.exitCode}`
}

/** How the child ended, waiting a little for it: its sockets close before its parent hears of its end. */
export async function endingWithin(child: ChildProcess, timeoutMs: number): Promise<string | null> {
  if (endingOf(child) === null && timeoutMs > 0) await Promise.race([once(child, 'exit'), sleep(timeoutMs, undefined, { ref: false })])
  return endingOf(child)
}

/** Whether a guest that is started with a kernel still has it: a saved one goes on without. */
export function hasKernelFiles({ boot }: MachineSpec): boolean {
  return boot.kind === 'kernel' && [boot.kernelPath, boot.initrdPath].every((path) => isFile(path))
}

/** Files a start needs, checked before anything is made, so that a missing one is named plainly. */
export function checkFiles(spec: MachineSpec, from: StartOptions['from']['kind']): void {
  const powersOn = from === 'cold' || from === 'savable'
  const needed = spec.boot.kind === 'kernel' && powersOn ? [['kernel', spec.boot.kernelPath], ['initial file system', spec.boot.initrdPath]] : []
  if (from !== 'warm') needed.push(['disk', spec.diskPath])
  for (const [what = '', path = ''] of needed) {
    if (isFile(path)) continue
    throw new EngineFault('disk', `The ${what} of ${spec.name} is missing: ${path}`, { remedy: 'Put the file back, or set up the guest anew.' })
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
