import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { findResources } from '../../main/resources.ts'
import type { Connection } from '../../src/contract/connection.ts'
import { GuestName } from '../../src/contract/names.ts'
import { directories } from '../../src/node/paths.ts'
import { connectUnix } from '../../src/node/transport/connect-unix.ts'

const program = join(findResources().root, 'out', 'main', 'diptych.js')

export const linux = GuestName.parse('linux')
export const windows = GuestName.parse('windows')

export interface CommandOutcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * A Diptych of its own for a test: data, state and sockets in a new short folder, the built guests from the usual
 * cache. `dispose` stops its guests and its switch, whatever the test did.
 */
export class TestHome {
  readonly directory = mkdtempSync('/tmp/dt-')
  readonly env: NodeJS.ProcessEnv
  #serving: ChildProcess | null = null

  constructor() {
    if (!existsSync(program)) throw new Error(`${program} is missing: run npm run build first`)
    const cache = process.env['DIPTYCH_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'diptych')
    this.env = { ...process.env, DIPTYCH_HOME: this.directory, DIPTYCH_CACHE: cache, NO_COLOR: '1', DISPLAY: '', WAYLAND_DISPLAY: '' }
  }

  /** Runs one command to its end. */
  run(...args: string[]): Promise<CommandOutcome> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [program, ...args], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] })
      let stdout = ''
      let stderr = ''
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')))
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')))
      child.on('error', reject)
      child.on('close', (code) => resolve({ exitCode: code ?? -1, stdout, stderr }))
    })
  }

  /** Starts `diptych serve` and resolves with what it announces. */
  async serve(...args: string[]): Promise<{ url: string; processId: number }> {
    const child = spawn(process.execPath, [program, 'serve', '--json', ...args], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#serving = child
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')))
    return new Promise((resolve, reject) => {
      let stdout = ''
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString('utf8')
        try {
          resolve(JSON.parse(stdout) as { url: string; processId: number })
        } catch {
          // the document is not complete yet
        }
      })
      child.on('close', (code) => reject(new Error(`diptych serve ended with code ${code}: ${stderr}`)))
    })
  }

  connect(): Promise<Connection> {
    return connectUnix(join(directories(this.env).runtime, 'host.sock'))
  }

  /** How the serving host ends after what is done to it. */
  async ended(act: () => void): Promise<Omit<CommandOutcome, 'stdout'>> {
    const child = this.#serving
    if (child === null) throw new Error('nothing is serving')
    let stderr = ''
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')))
    const closed = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)))
    act()
    return { exitCode: await closed, stderr }
  }

  /** Ends the serving host at once, as a crash would. */
  async crash(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async dispose(): Promise<void> {
    await this.#end('SIGTERM')
    const down = await this.run('down', '--force')
    if (down.exitCode !== 0) throw new Error(`the test's guests could not be stopped: ${down.stderr}`)
    rmSync(this.directory, { recursive: true, force: true })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#serving
    this.#serving = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const closed = new Promise((resolve) => child.once('close', resolve))
    child.kill(signal)
    await closed
  }
}

/** Runs a tool in a guest and answers what it wrote; throws when it failed. */
export async function inGuest(connection: Connection, name: GuestName, ...args: string[]): Promise<string> {
  const outcome = await connection.client.guest.exec({ name, path: '/usr/local/bin/diptych-guest', args, timeoutMs: 60_000 })
  if (outcome.exitCode !== 0) throw new Error(`diptych-guest ${args.join(' ')} in ${name} ended with ${outcome.exitCode}: ${outcome.stderr}`)
  return outcome.stdout.trim()
}

/** Polls until the condition holds; the time limit only ends a hopeless wait. */
export async function until(condition: () => Promise<boolean> | boolean, what: string, limitMs = 300_000): Promise<void> {
  const deadline = Date.now() + limitMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${limitMs / 1000} s for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}
