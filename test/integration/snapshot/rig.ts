import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { type Preparation, prepareBegin } from '../../../main/prepare.ts'
import { SavedStates } from '../../../main/saved-states.ts'
import { TaskService } from '../../../main/task-service.ts'
import type { ControlName } from '../../../src/contract/control.ts'
import { unshaped } from '../../../src/contract/link.ts'
import { GuestName, MacAddress, stageNetwork } from '../../../src/contract/names.ts'
import type { TrashId } from '../../../src/contract/trash.ts'
import type { Machine, MachineSpec } from '../../../src/engine/engine.ts'
import type { GuestControls } from '../../../src/guest/controls-port.ts'
import { GuestDefinition } from '../../../src/guest/definition.ts'
import { GuestOwner } from '../../../src/guest/owner.ts'
import { GuestFolders } from '../../../src/node/guest-folders.ts'
import { isSuspended } from '../../../src/node/guest-state/suspended.ts'
import type { Directories } from '../../../src/node/paths.ts'
import { createQemuEngine, type QemuEngine } from '../../../src/node/qemu/engine.ts'
import { namedMemory, processesOf } from '../engine/fixture.ts'

/** Counts in memory and on the disk at once: whoever restores one without the other is found out. */
export const countInGuest = '(n=0; while true; do n=$((n+1)); echo $n > /tmp/n; printf "%08d" $n | dd of=/dev/vda conv=fsync 2>/dev/null; sleep 0.1; done) >/dev/null 2>&1 &'

/** Settings of a guest that has none. */
const noControls: GuestControls = {
  attach: async () => undefined,
  detach: () => undefined,
  apply: async () => ({}),
  describe: () => ({}) as Record<ControlName, never>,
  linkUp: () => true,
  link: () => ({ requested: { tx: unshaped, rx: unshaped }, effective: { tx: unshaped, rx: unshaped }, preset: null }),
  priority: () => null,
  agentAnswers: () => undefined,
}

/** The tiny guest as an image that was built into a cache; otherwise it is used where it is. */
export interface BuiltIn {
  readonly cache: string
  readonly folder: string
  readonly id: string
}

/**
 * The part of a host that saves and restores, over tiny guests on real QEMU: owners, services and engine as main/host.ts
 * wires them, without windows, sliders and switch (frames go nowhere). Any number of them, one after another, on one home.
 */
export class Rig {
  readonly directories: Directories
  readonly engine: QemuEngine
  readonly saved: SavedStates
  readonly messages: string[] = []
  /** Deleted guests, which the test has put there. */
  readonly trashed: { id: TrashId; name: GuestName; folder: string }[] = []
  readonly #owners = new Map<GuestName, GuestOwner>()
  readonly #sockets = new Set<Socket>()
  readonly #tiny: string
  readonly #home: string
  readonly #memoryMiB: number
  /** Where each guest's card is connected: a socket that takes frames and drops them, unless the test has a switch. */
  readonly #ports: ReadonlyMap<string, string>
  /** uefi: from the disk, with a TPM beside it. */
  readonly #boot: 'kernel' | 'uefi'
  readonly #image: BuiltIn | null
  #switch: Server | null = null

  constructor(home: string, tiny: string, names: readonly string[] = ['one'], ports: ReadonlyMap<string, string> = new Map(), memoryMiB = 128, boot: 'kernel' | 'uefi' = 'kernel', image: BuiltIn | null = null) {
    this.#image = image
    this.#boot = boot
    this.#ports = ports
    this.#tiny = tiny
    this.#home = home
    this.#memoryMiB = memoryMiB
    this.directories = { data: join(home, 'data'), cache: image?.cache ?? join(home, 'cache'), state: join(home, 'state'), runtime: join(home, 'run') }
    this.engine = createQemuEngine({ directories: this.directories })
    for (const [index, name] of names.entries()) this.#add(GuestName.parse(name), index + 1)
    this.saved = new SavedStates({
      tasks: new TaskService(),
      engine: this.engine,
      dataDirectory: this.directories.data,
      cacheDirectory: this.directories.cache,
      owners: () => [...this.#owners.values()],
      owner: (name) => this.owner(name),
      stageGuests: () => [...this.#owners.keys()],
      directory: (name) => this.directory(name),
      trashed: () => this.trashed,
      message: (_level, _guest, text) => this.messages.push(text),
    })
  }

  /** As a host opens: adopts, then puts in order what an earlier one left. */
  async open(): Promise<void> {
    new GuestFolders(join(this.directories.data, 'guests')).recover()
    mkdirSync(this.directories.runtime, { recursive: true, mode: 0o700 })
    const socket = join(this.directories.runtime, 'sw')
    execFileSync('rm', ['-f', socket])
    this.#switch = createServer((connection) => {
      this.#sockets.add(connection)
      connection.on('error', () => undefined).on('close', () => this.#sockets.delete(connection)).resume()
    }).listen(socket)
    for (const { spec, machine, status } of await this.engine.adopt()) await this.owner(spec.name).adopt(machine, status)
    await this.saved.recover()
  }

  owner(name: string): GuestOwner {
    const owner = this.#owners.get(name as GuestName)
    if (owner === undefined) throw new Error(`no guest ${name}`)
    return owner
  }

  machine(name = 'one'): Machine {
    const { machine } = this.owner(name)
    if (machine === null) throw new Error(`${name} is not up`)
    return machine
  }

  directory(name: string): string {
    return join(this.directories.data, 'guests', name)
  }

  disk(name = 'one'): string {
    return join(this.directory(name), 'disk.qcow2')
  }

  async shell(script: string, name = 'one'): Promise<string> {
    return (await this.machine(name).agent.exec('/bin/busybox', ['sh', '-c', script], 300_000)).stdout.trim()
  }

  async untilAgent(name = 'one'): Promise<void> {
    const deadline = performance.now() + 300_000
    while (this.owner(name).agentState !== 'live') {
      if (performance.now() > deadline) throw new Error(`the agent of ${name} does not answer`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Whether the system that is up now carries out what it is asked: one that was reset a moment ago is not up yet. */
  async answers(name = 'one', withinMs = 300_000): Promise<boolean> {
    const deadline = performance.now() + withinMs
    while (performance.now() < deadline) {
      const said = this.owner(name).agentState === 'live' && (await this.machine(name).agent.exec('/bin/busybox', ['true'], 10_000).catch(() => null))
      if (said !== false && said !== null) return true
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return false
  }

  /** What `countInGuest` has counted in memory and on the disk, of one moment: read again when it counted on meanwhile, or was just writing. */
  async counted(name = 'one'): Promise<{ memory: number; disk: number }> {
    for (let tries = 0; ; tries += 1) {
      const [before, disk = Number.NaN, memory = Number.NaN] = (await this.shell('cat /tmp/n; dd if=/dev/vda bs=8 count=1 iflag=direct 2>/dev/null; echo; cat /tmp/n', name)).split('\n').map(Number)
      if (memory > 0 && disk > 0 && before === memory) return { memory, disk }
      if (tries === 1_000) throw new Error(`${name} does not count`)
    }
  }

  /** Lets go of everything; guests that run go on. */
  close(): void {
    for (const owner of this.#owners.values()) owner.dispose()
    for (const socket of this.#sockets) socket.destroy()
    this.#switch?.close()
  }

  #add(name: GuestName, index: number): void {
    const directory = this.directory(name)
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    if (!existsSync(this.disk(name))) execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', join(this.#image === null ? this.#tiny : join(this.#image.cache, 'recipes', this.#image.folder), 'disk.qcow2'), this.disk(name)])
    const mac = MacAddress.parse(`52:54:00:d1:00:0${index}`)
    const definition = GuestDefinition.parse({
      version: 1, name, title: name, kind: 'linux', os: 'Tiny', uuid: uuidIn(this.#home, index), mac, profile: 'linux-modern', vcpus: 1,
      memoryMiB: this.#memoryMiB, screen: { width: 1024, height: 768 }, source: { disk: 'own' },
    })
    const preparation = { engine: this.engine, cache: this.directories.cache, guestDirectory: () => directory, message: () => undefined } as unknown as Preparation // a guest with its own disk needs no recipe
    const spec: MachineSpec = {
      name, uuid: definition.uuid, profile: 'linux-modern', vcpus: 1, memoryMiB: this.#memoryMiB, diskPath: this.disk(name), imageId: this.#image?.id ?? definition.uuid, parameters: {}, clipboard: 'off', screen: definition.screen,
      nics: [{ kind: 'switch', mac, network: stageNetwork, socketPath: this.#ports.get(name) ?? join(this.directories.runtime, 'sw') }],
      ...(this.#boot === 'uefi'
        ? { boot: { kind: 'disk', firmware: 'uefi' }, tpm: true }
        : { boot: { kind: 'kernel', kernelPath: join(this.#tiny, 'vmlinux'), initrdPath: join(this.#tiny, 'initrd.img'), commandLine: 'console=ttyS0 quiet loglevel=3' } }),
    }
    const owner = new GuestOwner(definition, {
      controls: noControls,
      prepare: async (current, boot, signal) => ({ spec, ...(await prepareBegin(preparation, current, spec, boot, signal)) }),
      startMachine: (each, options) => this.engine.start(each, options),
      awaken: async (machine) => machine.agent.setTime(Date.now()),
      isSuspended: () => isSuspended(directory),
      published: () => undefined,
      message: (_level, text) => this.messages.push(`${name}: ${text}`),
      saveClipboard: () => undefined,
      nowMs: () => Date.now(),
    })
    this.#owners.set(name, owner)
  }
}

/** The uuid of a home's guest number `index`: another home's are others, whatever it leaves behind. */
const uuidIn = (home: string, index: number) => `${createHash('sha256').update(home).digest('hex').slice(0, 8)}-0000-4000-8000-00000000000${index}`

/** Memory files of the home's guests that still have a name. */
export const namedMemoryOf = (home: string) => namedMemory(uuidIn(home, 0))

/** Ends what a failed test left running in a home, with its memory. */
export function endGuests(home: string): void {
  for (const pid of processesOf(home)) process.kill(Number(pid), 'SIGKILL')
  for (const path of namedMemoryOf(home)) rmSync(path, { force: true })
}

/** Ends its guests and removes the home. */
export function endHome(home: string): void {
  endGuests(home)
  rmSync(home, { recursive: true, force: true })
}

/**
 * Throws when a disk is damaged. A guest that writes to it is paused meanwhile: QEMU then writes down what it knows. `leaks`:
 * clusters that nobody uses and nobody can are no damage; QEMU leaves them when not even its undoing finds room.
 */
export async function demandSound(path: string, machine: Machine | null, { leaks = false } = {}): Promise<void> {
  const running = (await machine?.status()) === 'running'
  if (running) await machine?.pause()
  const { status, stderr } = spawnSync('qemu-img', ['check', '-q', '-U', path], { encoding: 'utf8' })
  if (running) await machine?.resume()
  if (status !== 0 && !(leaks && status === leaksOnly)) throw new Error(`${path}: ${stderr}`)
}

/** qemu-img(1), check. */
const leaksOnly = 3
