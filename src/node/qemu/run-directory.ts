import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { EngineFault } from '../../engine/engine.ts'
import type { CpuCapPort } from '../cgroup/cpu-cap.ts'
import { findByArguments, isAlive, signalProcess, waitGone, type ProcessIdentity } from '../process/process-identity.ts'
import { checkSocketPath, type RunLayout } from './layout.ts'
import { stopTpm } from './tpm.ts'
import { readRunRecord, type RunRecord } from './run-record.ts'

/** What the files of a run say about it. `half` is a QEMU that was executed by a host which died before noting it. */
export type RunState =
  | { readonly kind: 'none' }
  | { readonly kind: 'stale'; readonly record: RunRecord | null }
  | { readonly kind: 'half'; readonly record: RunRecord; readonly process: ProcessIdentity }
  | { readonly kind: 'alive'; readonly record: RunRecord; readonly process: ProcessIdentity }

export function examineRun(layout: RunLayout): RunState {
  if (!existsSync(layout.directory)) return { kind: 'none' }
  const record = readRunRecord(layout)
  if (record?.process !== null && record?.process !== undefined) {
    return isAlive(record.process) ? { kind: 'alive', record, process: record.process } : { kind: 'stale', record }
  }
  const process = processOf(layout)
  if (process === null) return { kind: 'stale', record }
  if (record === null) throw new EngineFault('qemu', `Process ${process.pid} runs in ${layout.directory}, but its record is missing or unreadable`, { remedy: `If it is not needed, end it: kill ${process.pid}` })
  return { kind: 'half', record, process }
}

/** Makes the run's directory for a new start, sweeping an earlier run's leftovers; refuses when one is alive. */
export async function claimRunDirectory(layout: RunLayout, cpuCap: CpuCapPort): Promise<void> {
  for (const path of [layout.qmp, layout.agent, layout.screen, layout.serial]) checkSocketPath(path)
  const state = examineRun(layout)
  if (state.kind === 'alive') {
    throw new EngineFault('qemu', `${state.record.spec.name} is already running (process ${state.process.pid})`, { remedy: 'Use the running one, or stop it first.' })
  }
  await sweepRun(layout, state, cpuCap)
  mkdirSync(layout.directory, { recursive: true, mode: 0o700 })
  mkdirSync(layout.logs.directory, { recursive: true, mode: 0o700 })
}

/** Removes what a run that is over left: its directory, its control group, a memory file not yet unlinked. */
export async function sweepRun(layout: RunLayout, state: RunState, cpuCap: CpuCapPort): Promise<void> {
  if (state.kind === 'none' || state.kind === 'alive') return
  if (state.kind === 'half') {
    signalProcess(state.process, 'SIGKILL')
    await waitGone(state.process, 5_000)
  }
  await removeMemory(state.record)
  removeRunFiles(layout, state.record, cpuCap)
}

/** Before `removeRunFiles`, where its name may still be there and no QEMU maps it: to give gibibytes back takes time, which the host's thread has not got. */
export async function removeMemory(record: RunRecord | null): Promise<void> {
  if (record?.ramPath !== null && record?.ramPath !== undefined) await rm(record.ramPath, { force: true })
}

export function removeRunFiles(layout: RunLayout, record: RunRecord | null, cpuCap: CpuCapPort): void {
  if (record?.process !== null && record?.process !== undefined) cpuCap.release(record.spec.name, record.process.pid)
  if (record?.spec.tpm === true) stopTpm(layout)
  rmSync(layout.directory, { recursive: true, force: true })
}

/** The names of the guests that have a run directory. */
export function runNames(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : []
}

/**
 * The QEMU that was given this run's pid file, whether or not it has come to write it: a host may be killed in the moment
 * between starting one and hearing of it.
 */
export function processOf({ pid }: RunLayout): ProcessIdentity | null {
  return findByArguments('-pidfile', pid)
}
