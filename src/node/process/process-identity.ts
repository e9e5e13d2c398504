import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process that cannot be mistaken for a later one with the same number: proc(5), /proc/PID/stat field 22. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks from boot to the process's start. */
  readonly startTicks: number
}

/** USER_HZ: what /proc counts in on every Linux architecture with user-visible clocks of 100 Hz. */
export const ticksPerSecond = 100

/** The fields of /proc/PID/stat after the name (which may itself hold spaces and parentheses); null when gone. */
export function readStat(pid: number): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null // no such process
  }
}

/** Null when there is no such process, or only its unreaped remains. */
export function identify(pid: number): ProcessIdentity | null {
  const fields = readStat(pid)
  if (fields === null || fields[0] === 'Z' || fields[0] === 'X') return null
  return { pid, startTicks: Number(fields[19]) }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTicks === identity.startTicks
}

/** Sends the signal only to this very process; answers whether it was there. */
export function signalProcess(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  if (!isAlive(identity)) return false
  try {
    process.kill(identity.pid, signal)
    return true
  } catch {
    return false // it ended between the look and the signal
  }
}

/** Resolves true once the process is gone, false when it still is there after `timeoutMs`. */
export async function waitGone(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (isAlive(identity)) {
    if (performance.now() >= deadline) return false
    await sleep(10)
  }
  return true
}

/** Whether the process was started with `text` among its arguments. */
export function commandLineHolds(pid: number, text: string): boolean {
  return commandLine(pid).split('\0').includes(text)
}

/** A process that was started with these arguments, one behind the other; for such as only one can have been given. */
export function findByArguments(...wanted: readonly string[]): ProcessIdentity | null {
  const text = ['', ...wanted, ''].join('\0')
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const found = commandLine(Number(entry)).includes(text) ? identify(Number(entry)) : null
    if (found !== null) return found
  }
  return null
}

/** Its arguments, each ended by a zero byte; nothing for a process that is gone or another user's. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Processor time used by all its threads (utime + stime), milliseconds; 0 when gone. */
export function cpuMs(pid: number): number {
  const fields = readStat(pid)
  return fields === null ? 0 : ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
}

/** Resident memory in MiB: RssAnon + RssFile + RssShmem of proc(5) /proc/PID/status; 0 when gone. */
export function residentMiB(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'latin1')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) / 1024
  } catch {
    return 0 // gone
  }
}
