import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GuestName, MacAddress, stageNetwork } from '../../../src/contract/names.ts'
import type { Machine, MachineEvent, MachineSpec } from '../../../src/engine/engine.ts'
import type { Directories } from '../../../src/node/paths.ts'
import { createQemuEngine, type QemuEngine } from '../../../src/node/qemu/engine.ts'

/** Where the tiny guest is kept between runs. */
const tinyDirectory = join(process.env['DIPTYCH_CACHE'] ?? tmpdir(), 'diptych-tiny-guest-3')

export function tinyGuest(): string {
  execFileSync(fileURLToPath(new URL('build-tiny-guest.sh', import.meta.url)), [tinyDirectory], { stdio: ['ignore', 'inherit', 'inherit'] })
  return tinyDirectory
}

export const tinyMac = MacAddress.parse('52:54:00:d1:00:01')

/** A home of its own, a switch that takes frames and drops them, and an engine. Everything goes with `end`. */
export class Bench {
  readonly home = mkdtempSync('/tmp/de-')
  readonly directories: Directories = { data: join(this.home, 'data'), cache: join(this.home, 'cache'), state: join(this.home, 'state'), runtime: join(this.home, 'run') }
  readonly switchPath = join(this.home, 'sw')
  readonly engine: QemuEngine = createQemuEngine({ directories: this.directories })
  readonly spec: MachineSpec
  connections = 0
  receivedBytes = 0
  readonly #sockets = new Set<Socket>()
  #switch: Server

  constructor() {
    const tiny = tinyGuest()
    mkdirSync(this.directories.data, { recursive: true })
    const diskPath = join(this.directories.data, 'disk.qcow2')
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', join(tiny, 'disk.qcow2'), diskPath])
    this.spec = {
      name: GuestName.parse('tiny'),
      uuid: crypto.randomUUID(),
      profile: 'linux-modern',
      vcpus: 1,
      memoryMiB: 192,
      nics: [{ kind: 'switch', mac: tinyMac, network: stageNetwork, socketPath: this.switchPath }],
      diskPath,
      imageId: 'tiny-1',
      boot: { kind: 'kernel', kernelPath: join(tiny, 'vmlinux'), initrdPath: join(tiny, 'initrd.img'), commandLine: 'console=ttyS0 quiet loglevel=3' },
      parameters: { greeting: 'hello, world' },
      clipboard: 'off',
      screen: { width: 1024, height: 768 },
    }
    this.#switch = this.#listen()
  }

  get runDirectory(): string {
    return join(this.directories.runtime, 'g', 'tiny')
  }

  /** The switch process dies and is started again, as after a crash. */
  async restartSwitch(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#switch.close(resolve))
    rmSync(this.switchPath, { force: true })
    this.#switch = this.#listen()
  }

  /** The switch reads no more: what a guest sends fills its socket. */
  stallSwitch(): void {
    for (const socket of this.#sockets) socket.pause()
  }

  /** Ends every machine that a failed test left in this home, and removes the home. */
  async end(): Promise<void> {
    for (const pid of processesOf(this.home)) process.kill(Number(pid), 'SIGKILL')
    await this.engine.settled()
    for (const socket of this.#sockets) socket.destroy()
    this.#switch.close()
    for (const path of namedMemory(this.spec.uuid)) rmSync(path, { force: true })
    rmSync(this.home, { recursive: true, force: true })
  }

  #listen(): Server {
    return createServer((socket) => {
      this.connections++
      this.#sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket))
      socket.on('data', (chunk: Buffer) => (this.receivedBytes += chunk.length))
    }).listen(this.switchPath)
  }
}

/** What a machine told so far. */
export function recordEvents(machine: Machine): MachineEvent[] {
  const events: MachineEvent[] = []
  machine.subscribe((event) => events.push(event))
  return events
}

/** Waits for a condition, never for a speed; five minutes bound a hang. */
export async function until<T>(what: string, look: () => T | false | null | undefined | Promise<T | false | null | undefined>): Promise<T> {
  const deadline = performance.now() + 300_000
  for (;;) {
    const found = await look()
    if (found !== false && found !== null && found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`still waiting for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** A slow guest never answers in too short a time, however often it is asked: each wait is twice the last. */
export function agentAnswers(machine: Machine): Promise<true> {
  let patienceMs = 1_000
  return until('the guest agent', () =>
    machine.agent.ping((patienceMs = Math.min(patienceMs * 2, 60_000))).then(
      () => true as const,
      () => null,
    ),
  )
}

/** Memory files that still have a name, of machines whose uuid begins as this one (src/node/qemu/ram-file.ts). */
export function namedMemory(uuid: string): string[] {
  return entries('/dev/shm').filter((name) => name.startsWith(`diptych-${uuid.slice(0, 8)}-`)).map((name) => join('/dev/shm', name))
}

export const isThere = (pid: number): boolean => existsSync(`/proc/${pid}`)

/** Processes whose command line names this home: what a failed start must not leave. */
export function processesOf(home: string): string[] {
  const output = execFileSync('sh', ['-c', `grep -lzF -- "${home}" /proc/[0-9]*/cmdline 2>/dev/null || true`], { encoding: 'utf8' })
  const own = new Set([String(process.pid)])
  return output.split('\n').map((path) => path.split('/')[2] ?? '').filter((pid) => pid !== '' && !own.has(pid) && existsSync(`/proc/${pid}/exe`) && isQemu(pid))
}
function isQemu(pid: string): boolean {
  return execFileSync('sh', ['-c', `cat /proc/${pid}/comm 2>/dev/null || true`], { encoding: 'utf8' }).startsWith('qemu-system')
}

export const entries = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory) : [])
