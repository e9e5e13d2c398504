import { spawn } from 'node:child_process'
import { diskFull, isDiskFull, makeRoom } from '../../contract/disk-full.ts'
import { Fault, MissingPrerequisite } from '../../contract/refusal.ts'

export interface QemuImgOptions {
  readonly signal?: AbortSignal | undefined
  /** Told how far it is, 0 to 1; only for the subcommands that know `-p`. */
  readonly progressed?: ((fraction: number) => void) | undefined
  /** No file may grow beyond this. */
  readonly largestFile?: number | undefined
}

export interface QemuImgResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A converter needs some 100 MiB; a broken file must not make it take the computer's memory. */
const mostMemory = 4 * 2 ** 30

/**
 * Runs qemu-img at the lowest priority, within limits, and so that it ends when this process does; what it writes is for its
 * owner alone. Formats and files must be named explicitly by `args`. Rejects with the signal's reason when cancelled; a
 * failure is an exit code.
 */
export function runQemuImg(args: readonly string[], options: QemuImgOptions = {}): Promise<QemuImgResult> {
  const { signal, progressed, largestFile } = options
  signal?.throwIfAborted()
  const limits = [`--as=${mostMemory}`, '--core=0', ...(largestFile === undefined ? [] : [`--fsize=${Math.ceil(largestFile)}`])]
  const command = ['--pdeathsig', 'KILL', 'sh', '-c', 'umask 077; exec "$@"', 'sh', 'nice', '-n', '19', 'ionice', '-t', '-c', '3', 'prlimit', ...limits, 'qemu-img', ...args]
  return new Promise((resolve, reject) => {
    const child = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } })
    const cancel = () => child.kill('SIGKILL')
    signal?.addEventListener('abort', cancel, { once: true })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const percent = progressed === undefined ? null : [...text.matchAll(/\(([\d.]+)\/100%\)/g)].at(-1)?.[1]
      if (percent === null || percent === undefined) stdout = (stdout + text).slice(-1_048_576)
      else progressed?.(Number(percent) / 100)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-8_192)))
    child.once('error', (error) => reject(new MissingPrerequisite('setpriv', `setpriv could not be run: ${error.message}`, 'install util-linux')))
    child.once('close', (code, killedBy) => {
      signal?.removeEventListener('abort', cancel)
      if (signal?.aborted === true) reject(signal.reason as Error)
      else if (code === 127) reject(new MissingPrerequisite('qemu-img', 'qemu-img is not installed', 'install it: apt install qemu-utils'))
      else resolve({ exitCode: code ?? 1, stdout, stderr: killedBy === null ? stderr : `${stderr}\nended by ${killedBy}` })
    })
  })
}

/** The same where anything but success is a fault of `what`; answers what it printed. */
export async function demandQemuImg(args: readonly string[], what: string, options: QemuImgOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await runQemuImg(args, options)
  if (exitCode !== 0) throw qemuImgFault(what, stderr)
  return stdout
}

export function qemuImgFault(what: string, stderr: string): Fault {
  const words = stderr.trim().split('\n').slice(-3).join(' | ').replaceAll(/json:\{.*?\}(?=[':]|$)/g, 'the image') || 'qemu-img gave no reason'
  if (isDiskFull(stderr)) return new Fault('disk', `${what}: ${diskFull({ what: 'the image' })}`, { remedy: makeRoom })
  return new Fault('disk', `${what}: ${words}`)
}
