import type { ChildProcess } from 'node:child_process'
import { isAlive, type ProcessIdentity } from '../process/process-identity.ts'

/** How the process ended; `how` is null for an adopted one, whose exit status only its parent learns. */
export interface ProcessExit {
  readonly how: string | null
}

/**
 * Calls `exited` once when the process is gone: at once for a child of ours, within half a second for an adopted one
 * (and within 20 ms after `hurry`, for when its sockets closed). Returns a function that ends the watch.
 */
export function watchExit(identity: ProcessIdentity, child: ChildProcess | null, exited: (exit: ProcessExit) => void): { hurry(): void; stop(): void } {
  let done = false
  let timer: NodeJS.Timeout | null = null
  const finish = (exit: ProcessExit) => {
    if (done) return
    stop()
    exited(exit)
  }
  const poll = () => {
    if (!isAlive(identity)) finish({ how: null })
  }
  const onExit = (code: number | null, signal: NodeJS.Signals | null) => finish({ how: signal === null ? `exit code ${code}` : `signal ${signal}` })
  const stop = () => {
    done = true
    if (timer !== null) clearInterval(timer)
    child?.removeListener('exit', onExit)
  }
  const every = (ms: number) => {
    if (done) return
    if (timer !== null) clearInterval(timer)
    timer = setInterval(poll, ms)
    timer.unref()
  }
  if (child === null) every(500)
  else if (child.exitCode !== null || child.signalCode !== null) queueMicrotask(() => onExit(child.exitCode, child.signalCode))
  else child.once('exit', onExit)
  return { hurry: () => (child === null ? every(20) : undefined), stop }
}
