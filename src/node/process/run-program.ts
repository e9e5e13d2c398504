import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'

export interface ProgramResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

const maximumOutput = 4 << 20

/**
 * Runs a short-lived tool to its end. Rejects only when it cannot be started; a failure is an exit code (128 + signal
 * as shells count it). `background` gives it the lowest priority.
 */
export function runProgram(file: string, args: readonly string[], options: { background?: boolean; signal?: AbortSignal } = {}): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(options.signal === undefined ? {} : { signal: options.signal }) })
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
    child.once('close', (code, signal) => resolve({ exitCode: code ?? (signal === null ? 1 : 137), ...output }))
  })
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, 19)
  } catch {
    // already ended: nothing to slow down
  }
}
