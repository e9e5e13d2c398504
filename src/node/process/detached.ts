import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'

const systemdRun = '/usr/bin/systemd-run'

/** Where the guests' scopes are, within the user's app.slice: they are weighed against each other, and together against the rest. */
export const guestSlice = 'app-diptych.slice'

export interface DetachedOptions {
  /** Gets the process's standard output and error. */
  readonly logPath: string
  /** Opened file descriptors to hand down as 3, 4, …; the caller closes its own copies. */
  readonly inherit?: readonly number[]
  /** Name for a scope of its own under a systemd user session, and the slice that it is in; see `scopePrefix`. */
  readonly scope?: string
  readonly slice?: string
}

/**
 * Starts a program in its own session (setsid), with no terminal and its output in a file: it outlives this process.
 * Resolves once it was executed; rejects with the system's error (ENOENT, EACCES …).
 */
export function spawnDetached(file: string, args: readonly string[], options: DetachedOptions): Promise<ChildProcess> {
  const log = openSync(options.logPath, 'a', 0o600)
  const prefix = options.scope === undefined ? [] : scopePrefix(options.scope, process.env, options.slice)
  const [program = file, ...rest] = [...prefix, file, ...args]
  const child = spawn(program, rest, { detached: true, stdio: ['ignore', log, log, ...(options.inherit ?? [])], cwd: '/' })
  closeSync(log)
  child.unref()
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve(child))
    child.once('error', reject)
  })
}

/**
 * Under a systemd user session on cgroup v2, the words that put a command into a scope of its own with a delegated
 * cgroup subtree; else none. Without it, closing the application's scope would end the guests, and nobody but root
 * could cap their CPU. systemd-run --scope executes the command in its own process, so the process id stays.
 */
export function scopePrefix(scope: string, env: NodeJS.ProcessEnv, slice?: string, exists: (path: string) => boolean = existsSync): string[] {
  const runtime = env['XDG_RUNTIME_DIR']
  if (runtime === undefined || !exists(systemdRun) || !exists(join(runtime, 'systemd/private')) || !exists('/sys/fs/cgroup/cgroup.controllers')) return []
  return [systemdRun, '--user', '--scope', '--quiet', '--collect', `--unit=${scope}`, ...(slice === undefined ? [] : [`--slice=${slice}`]), '-p', 'Delegate=yes', '--']
}
