import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { type Socket, createConnection } from 'node:net'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { accents, pause, untilPage } from './page-watch.ts'

/** What a bare script needs to know to run the same QEMU again. */
export interface BareGuest {
  readonly name: 'linux' | 'windows'
  /** The command line as Diptych started it, paths replaced by ones below `directory`. */
  readonly command: readonly string[]
  readonly directory: string
  readonly diskBacking: string
  /** The warm state's folder; null for a cold start. */
  readonly warm: string | null
}

/** Reads the command line of a QEMU that Diptych started and points it at files of its own. */
export function copyOf(name: 'linux' | 'windows', processId: number, runDirectory: string, diskPath: string, directory: string): BareGuest {
  const info = JSON.parse(execFileSync('qemu-img', ['info', '-U', '--output=json', diskPath], { encoding: 'utf8' })) as { 'full-backing-filename': string }
  const diskBacking = info['full-backing-filename']
  const own = join(directory, name)
  const command = readFileSync(`/proc/${processId}/cmdline`, 'utf8')
    .split('\0')
    .slice(0, -1)
    .map((word) => word.replaceAll(runDirectory, own).replaceAll(diskPath, join(own, 'disk.qcow2')).replace(/mem-path=[^,]+/, `mem-path=${join(own, 'ram')}`))
  const warm = command.includes('-incoming') ? dirname(diskBacking).replace(/\.disks$/, '') : null
  return { name, command, directory: own, diskBacking, warm }
}

/**
 * Starts both at once as a 20-line script would: spawn, QMP, load, go; nothing of Diptych's. Copies and overlays are
 * made before the clock starts, as Diptych makes its spares ahead. Resolves with milliseconds to running and to pages.
 */
export async function startBare(guests: readonly BareGuest[]): Promise<{ runningMs: number; pagesMs: number }> {
  for (const guest of guests) prepare(guest)
  const begun = performance.now()
  const children = guests.map(launch)
  try {
    await Promise.all(guests.map(untilRunning))
    const runningMs = performance.now() - begun
    const pages = await Promise.all(guests.map((guest) => untilPage(join(guest.directory, 'vnc'), accents[guest.name === 'linux' ? 'windows' : 'linux'])))
    return { runningMs, pagesMs: Math.max(...pages) - begun }
  } finally {
    await Promise.all(children.map(end))
    for (const guest of guests) rmSync(guest.directory, { recursive: true, force: true })
  }
}

function prepare(guest: BareGuest): void {
  mkdirSync(guest.directory, { recursive: true, mode: 0o700 })
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', guest.diskBacking, join(guest.directory, 'disk.qcow2')])
  if (guest.warm !== null) execFileSync('cp', ['--sparse=always', join(guest.warm, 'ram.img'), join(guest.directory, 'ram')])
}

function launch(guest: BareGuest): ChildProcess {
  const [program = '', ...args] = guest.command
  const state = guest.warm === null ? 'ignore' : openSync(join(guest.warm, 'device.state'), 'r')
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore', state] })
  if (typeof state === 'number') closeSync(state)
  return child
}

async function untilRunning(guest: BareGuest): Promise<void> {
  const path = join(guest.directory, 'qmp')
  const socket = await connectWhenListening(path)
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  const ask = async (execute: string, args: object = {}): Promise<{ status?: string }> => {
    socket.write(`${JSON.stringify({ execute, arguments: args })}\n`)
    for (;;) {
      const message = JSON.parse(String((await lines.next()).value)) as { return?: { status?: string }; error?: { desc: string } }
      if (message.error !== undefined) throw new Error(message.error.desc)
      if (message.return !== undefined) return message.return
    }
  }
  await lines.next()
  await ask('qmp_capabilities')
  if (guest.warm !== null) {
    await ask('migrate-set-capabilities', { capabilities: [{ capability: 'x-ignore-shared', state: true }] })
    await ask('migrate-incoming', { uri: 'fd:3' })
  }
  for (let { status } = await ask('query-status'); status !== 'running'; { status } = await ask('query-status')) {
    if (status === 'paused') await ask('cont') // it was saved while it stood still
    else await pause(2)
  }
  socket.destroy()
}

/** The socket's file appears a moment before QEMU listens on it. */
async function connectWhenListening(path: string): Promise<Socket> {
  for (;;) {
    const socket = createConnection({ path })
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    if (connected) return socket
    await pause(2)
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await closed
}
