import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'

export interface ProgramResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

const maximumOutput = 4 << 20

/**
 * Runs a short-lived tool to its end. Rejects when it cannot be started, or with the signal's reason when it was cancelled
 * and is gone; a failure is an exit code (128 + signal as shells count it). `background` gives it the lowest priority.
 */
export async function runProgram(file: string, args: readonly string[], options: { background?: boolean; signal?: AbortSignal | undefined } = {}): Promise<ProgramResult> {
  const { signal } = options
  signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const cancel = () => child.kill('SIGKILL')
    signal?.addEventListener('abort', cancel, { once: true })
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        if (output[name].length < maximumOutput) output[name] += text
      })
    }
    child.once('spawn', () => {
      if (options.background === true && child.pid !== undefined) lowerPriority(child.pid)
    })
    child.once('error', reject)
    child.once('close', (code, killedBy) => {
      signal?.removeEventListener('abort', cancel)
      if (signal?.aborted === true) reject(signal.reason as Error)
      else resolve({ exitCode: code ?? (killedBy === null ? 1 : 137), ...output })
    })
  })
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, 19)
  } catch {
    // already ended: nothing to slow down
  }
}
