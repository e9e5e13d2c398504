import { createConnection } from 'node:net'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
import packageJson from '../package.json' with { type: 'json' }
import type { GuestEvent, GuestState } from '../src/contract/guest.ts'
import type { HostInfo, Message } from '../src/contract/host.ts'
import type { GuestName } from '../src/contract/names.ts'
import { MissingPrerequisite, Refusal, reasonOf } from '../src/contract/refusal.ts'
import type { StageView } from '../src/contract/stage.ts'
import type { EngineDescription, Machine, MachineStatus } from '../src/engine/engine.ts'
import { type GuestDefinition, demonstrationGuests } from '../src/guest/definition.ts'
import { GuestOwner } from '../src/guest/owner.ts'
import { progressFraction } from '../src/image/recipe.ts'
import { GuestStore, type UnusableGuest } from '../src/node/guest-store.ts'
import { Recipes } from '../src/node/image/recipes.ts'
import type { Directories } from '../src/node/paths.ts'
import { type QemuEngine, createQemuEngine } from '../src/node/qemu/engine.ts'
import { openRawChannel } from '../src/node/switch/raw-channel.ts'
import { findSwitch, startOrAdoptSwitch } from '../src/node/switch/start-or-adopt.ts'
import { Publisher } from '../src/publisher.ts'
import { SliderControls } from '../src/resource/guest-controls.ts'
import { Stage } from '../src/stage/stage.ts'
import { CaptureService } from './capture-service.ts'
import { demandPrograms, examine } from './doctor.ts'
import { notFound } from './error-map.ts'
import { holdLock, makeDirectories } from './host-place.ts'
import type { Host, HostLogger, HostOptions } from './host-types.ts'
import { Journal } from './journal.ts'
import { MeterService, type MeteredGuest } from './meters.ts'
import { NetworkService, linkPresets } from './network-service.ts'
import { type Preparation, prepareStart, specify } from './prepare.ts'
import { type Resources, findResources } from './resources.ts'
import { PublishService } from './publish-service.ts'
import { createRouter } from './router.ts'
import { WebService } from './web-service.ts'
import { hasWarmState, saveWarmStates } from './warm.ts'

const silent: HostLogger = { info: () => undefined, warn: () => undefined, error: () => undefined }

/**
 * Opens the host of a data directory: takes its lock, reads the guests, adopts what an earlier host left running.
 * Starts nothing by itself. Rejects with HostBusy, MissingPrerequisite (directories) or what the disk said.
 */
export async function openHost(options: HostOptions): Promise<Host> {
  const directories = makeDirectories(options.directories)
  const release = holdLock(directories.data)
  try {
    const host = new LocalHost(directories, findResources(), options.logger ?? silent, release)
    await host.open()
    return host
  } catch (error) {
    release()
    throw error
  }
}

/**
 * The composition root: the one place where domains meet each other and their adapters.
 * Owns the guests' owners, the network service, the stage and the publishers.
 */
class LocalHost implements Host {
  readonly router
  readonly #directories: Directories
  readonly #release: () => void
  readonly #resources: Resources
  readonly #store: GuestStore
  readonly #recipes: Recipes
  readonly #engine: QemuEngine
  readonly #network: NetworkService
  readonly #web: WebService
  readonly #publishing: PublishService
  readonly #capturing: CaptureService
  readonly #stage: Stage
  readonly #owners = new Map<GuestName, GuestOwner>()
  readonly #controls = new Map<GuestName, SliderControls>()
  readonly #guestEvents = new Publisher<GuestEvent>()
  readonly #stageEvents = new Publisher<StageView>()
  readonly #journal: Journal
  readonly #meters = new MeterService(() => this.#metered())
  readonly #lastStates = new Map<GuestName, GuestState>()
  readonly #startedAt = new Date().toISOString()
  #description: EngineDescription | null = null
  #engineFault: string | null = null
  #unusable: UnusableGuest[] = []
  #closed = false

  constructor(directories: Directories, resources: Resources, logger: HostLogger, release: () => void) {
    this.#directories = directories
    this.#resources = resources
    this.#journal = new Journal(logger)
    this.#release = release
    this.#store = new GuestStore(directories.data)
    this.#recipes = new Recipes(resources.recipes, directories.cache)
    this.#engine = createQemuEngine({ directories, logger })
    this.#network = new NetworkService({
      connect: () => startOrAdoptSwitch(this.#switchOptions()),
      find: () => findSwitch(this.#switchOptions()),
      addressSeen: (guest, ipv4) => this.#owners.get(guest)?.addressSeen(ipv4),
      requestSeen: (line) => {
        if (line.status !== null && line.status < 500) this.#owners.get(line.to as GuestName)?.webSeen() // an address that is no guest's name finds nobody
      },
      replaced: async () => {
        await Promise.all(
          [...this.#owners.values()].map((owner) =>
            owner.machine?.reconnectNetwork().catch((error: unknown) => this.#say('error', owner.definition.name, `its link could not be remade: ${reasonOf(error)}`)),
          ),
        )
      },
      publications: () => this.#publishing.list(),
      captures: () => this.#capturing.list(),
      message: (level, text) => this.#say(level, null, text),
    })
    const dial = (guest: GuestName, port: number) => openRawChannel(directories.runtime, 'dial', { guest, port })
    this.#web = new WebService({
      owners: () => [...this.#owners.values()],
      owner: (name) => this.#owner(name),
      requests: (limit) => this.#network.requests(limit),
      dial,
    })
    this.#publishing = new PublishService({
      isRunning: (guest) => this.#owner(guest).machine !== null,
      dial,
      changed: () => this.#network.tell(),
      message: (guest, text) => this.#say('info', guest, text),
    })
    this.#capturing = new CaptureService({
      runtime: directories.runtime,
      directory: join(directories.state, 'captures'),
      changed: () => this.#network.tell(),
      message: (text) => this.#say('info', null, text),
    })
    this.#stage = new Stage({
      guests: [
        { name: guestNamed('linux'), step: 'linux', title: 'Linux' },
        { name: guestNamed('windows'), step: 'windows', title: 'Windows stand-in (Wine)' },
      ],
      checkPackages: () => demandPrograms(),
      imageBuilt: async (guest) => this.#isUp(guest) || (await this.#recipes.find((await this.#demonstration(guest)).source.recipe)) !== null,
      buildImage: async (guest, progressed, signal) => {
        const definition = await this.#demonstration(guest)
        await this.#recipes.build(definition.source.recipe, (progress) => progressed(progress.label, progressFraction(progress), progress.expectedSeconds ?? null), signal)
      },
      startNetwork: async () => {
        const client = await this.#network.start()
        return `${client.subnet}, names below ${client.domain}`
      },
      isUp: (guest) => this.#isUp(guest),
      startGuest: async (guest, boot) => {
        await this.#demonstration(guest)
        const owner = this.#owner(guest)
        if (owner.state === 'paused') await owner.request('resume')
        const outcome = await owner.request('start', { boot })
        const ms = owner.milestones.runningMs
        return outcome === 'already' ? 'running already' : `${owner.machine?.boot ?? ''} in ${ms === null ? '?' : (ms / 1000).toFixed(2)} s`
      },
      stopGuest: async (guest, mode) => {
        const owner = this.#owners.get(guest)
        if (owner === undefined) return
        if (mode === 'graceful' && owner.state === 'paused') await owner.request('resume')
        await owner.request(mode === 'force' ? 'forceStop' : 'stop')
      },
      stopNetwork: () => this.#network.stop(),
      hasWarmState: async (guest) => {
        const owner = this.#owners.get(guest)
        return owner !== undefined && this.#description !== null && hasWarmState(this.#preparation(), owner.definition)
      },
      saveWarmStates: (progressed, signal) =>
        saveWarmStates(
          {
            preparation: this.#preparation(),
            owners: this.#stage.view().guests.map((name) => this.#owner(name)),
            requests: () => this.#network.requests(200),
          },
          progressed,
          signal,
        ),
      published: (view) => this.#stageEvents.publish(view, 'stage'),
    })
    this.router = createRouter({
      stage: this.#stage,
      network: this.#network,
      web: this.#web,
      publishing: this.#publishing,
      capturing: this.#capturing,
      guestEvents: this.#guestEvents,
      stageEvents: this.#stageEvents,
      messages: this.#journal.published,
      recentMessages: () => this.#journal.recent,
      owner: (name) => this.#owner(name),
      listGuests: () => [...this.#owners.values()].map((owner) => owner.current()),
      info: () => this.#info(),
      doctor: () =>
        examine({ directories, engine: this.#description, engineFault: this.#engineFault, unusable: this.#unusable, network: this.#network.view() }),
      watchMeters: (signal) => this.#meters.watch(signal),
      readLog: (name, source, lines) => this.#readLog(name, source, lines),
    })
  }

  async open(): Promise<void> {
    const { guests, unusable } = this.#store.load()
    this.#unusable = unusable
    for (const guest of unusable) this.#say('error', null, `guest "${guest.name}" is left out: ${guest.reason}`)
    await this.#describeEngine()
    for (const definition of guests) this.#addOwner(definition)
    const [adoptions] = await Promise.all([this.#description === null ? [] : this.#engine.adopt(), this.#network.adopt()])
    for (const { spec, machine, status } of adoptions) await this.#adopt(spec.name, machine, status)
    await this.#stage.refresh()
  }

  async openScreen(guest: GuestName): Promise<Duplex> {
    const machine = this.#owner(guest).machine
    if (machine === null) throw new Refusal('wrong-state', guest, 'it is not running, so it has no screen', `start it with: diptych start ${guest}`)
    const socket = createConnection({ path: machine.screenSocketPath })
    await once(socket, 'connect')
    return socket
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#stage.abandonSaving()
    await this.#engine.settled()
    this.#web.dispose()
    this.#publishing.dispose()
    await this.#capturing.dispose()
    for (const owner of this.#owners.values()) owner.dispose()
    this.#network.dispose()
    this.#release()
  }

  #switchOptions() {
    return { runtime: this.#directories.runtime, state: this.#directories.state, entry: this.#resources.switchEntry }
  }

  #preparation(): Preparation {
    return {
      recipes: this.#recipes,
      engine: this.#engine,
      cache: this.#directories.cache,
      guestDirectory: (definition) => this.#store.directory(definition.name),
      message: (level, text) => this.#say(level, null, text),
    }
  }

  async #describeEngine(): Promise<void> {
    try {
      this.#description = await this.#engine.describe()
      this.#engineFault = null
    } catch (error) {
      this.#engineFault = reasonOf(error)
      this.#say('error', null, this.#engineFault)
    }
  }

  async #adopt(name: GuestName, machine: Machine, status: MachineStatus): Promise<void> {
    const owner = this.#owners.get(name)
    if (owner === undefined) {
      this.#say('warning', null, `a guest "${name}" runs (process ${machine.processId}) but has no definition here; it is left alone`)
      machine.dispose()
      return
    }
    if (this.#network.client !== null) {
      await this.#network.definePort(name, owner.definition.mac).catch((error: unknown) => this.#say('warning', name, `its port could not be defined: ${reasonOf(error)}`))
    }
    await owner.adopt(machine, status)
    this.#say('info', name, 'found running and taken over as it is')
  }

  /** The demonstration guest of that name; written to disk on first use. */
  async #demonstration(name: GuestName): Promise<GuestDefinition> {
    const known = this.#owners.get(name)
    if (known !== undefined) return known.definition
    const unusable = this.#unusable.find((guest) => guest.name === name)
    if (unusable !== undefined) throw new MissingPrerequisite(unusable.path, unusable.reason, `correct ${unusable.path}, or move it away and start again`)
    const definition = demonstrationGuests().find((guest) => guest.name === name)
    if (definition === undefined) throw notFound('demonstration guest', name, ['linux', 'windows'])
    await this.#store.create(definition)
    return this.#addOwner(definition).definition
  }

  #addOwner(definition: GuestDefinition): GuestOwner {
    const { name } = definition
    const keep = (changes: Parameters<GuestStore['edit']>[1]) =>
      void this.#store.edit(name, changes).catch((error: unknown) => this.#say('warning', name, `settings could not be written: ${reasonOf(error)}`))
    const controls = new SliderControls(
      {
        guest: name,
        vcpus: definition.vcpus,
        hostCpus: cpus().length,
        bootMemoryMiB: definition.memoryMiB,
        cpuCapUnavailable: this.#description === null || this.#description.cpuCap.available ? null : this.#description.cpuCap.reason,
        balloonUnavailable: this.#unavailable('balloon'),
        linkPresets,
        setLink: (link) => this.#network.setLink(name, definition.mac, link),
        persist: (requested) => {
          const changes = Object.entries(requested).map(([key, value]) => ({ path: ['controls', key], value }))
          keep(changes)
        },
        changed: () => this.#owners.get(name)?.publish(),
        nowMs: () => Date.now(),
      },
      definition.controls,
    )
    const owner = new GuestOwner(definition, {
      controls,
      prepare: async (current, boot) => {
        const client = await this.#network.definePort(name, current.mac)
        const spec = await specify(this.#preparation(), current, client.dataSocketPath)
        return { spec, from: await prepareStart(this.#preparation(), current, spec, boot) }
      },
      startMachine: (spec, options) => this.#engine.start(spec, options),
      awaken: async (machine) => {
        const told = await Promise.allSettled([machine.agent.setTime(Date.now()), machine.agent.exec('/usr/local/bin/diptych-guest', ['wake'], 15_000)])
        for (const each of told) if (each.status === 'rejected') throw each.reason
      },
      published: (guest) => {
        this.#guestEvents.publish({ type: 'changed', guest }, name)
        if (this.#lastStates.get(name) === guest.view.state) return
        this.#lastStates.set(name, guest.view.state)
        if (['stopped', 'failed', 'suspended', 'defined'].includes(guest.view.state)) this.#publishing.unpublish(name)
        this.#web.changed()
        void this.#stage.refresh()
      },
      message: (level, text) => this.#say(level, name, text),
      saveClipboard: (mode) => keep([{ path: ['clipboard'], value: mode }]),
      nowMs: () => Date.now(),
    })
    this.#controls.set(name, controls)
    this.#owners.set(name, owner)
    return owner
  }

  #isUp(guest: GuestName): boolean {
    return ['running', 'paused'].includes(this.#owners.get(guest)?.state ?? 'stopped')
  }

  #unavailable(capability: 'balloon'): string | null {
    const answer = this.#description?.capabilities[capability] ?? true
    return answer === true ? null : answer
  }

  #owner(name: GuestName): GuestOwner {
    const owner = this.#owners.get(name)
    if (owner === undefined) throw notFound('guest', name, [...this.#owners.keys()])
    return owner
  }

  #metered(): MeteredGuest[] {
    return [...this.#owners.values()].flatMap((owner) => {
      const { machine, definition } = owner
      const controls = this.#controls.get(definition.name)
      if (machine === null || controls === undefined) return []
      return [{ name: definition.name, machine, memoryMiB: definition.memoryMiB, refreshBalloon: () => controls.refresh() }]
    })
  }

  async #readLog(name: GuestName, source: 'serial' | 'engine', lines: number): Promise<{ text: string; path: string }> {
    this.#owner(name)
    const path = join(this.#directories.state, 'guests', name, `${source}.log`)
    const file = this.#owner(name).machine?.logPaths[source] ?? path
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
      throw error
    })
    return { text: text.split('\n').slice(-lines - 1).join('\n'), path: file }
  }

  #info(): HostInfo {
    return {
      version: packageJson.version,
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      qemu: this.#description?.version ?? null,
      accelerator: this.#description?.accelerator ?? { kind: 'tcg', reason: this.#engineFault ?? 'QEMU has not been asked' },
      cpus: cpus().length,
      memoryMiB: Math.round(totalmem() / 1048576),
      dataDirectory: this.#directories.data,
      cpuCap: this.#description?.cpuCap ?? { available: false, reason: this.#engineFault ?? 'not asked' },
      processId: process.pid,
      startedAt: this.#startedAt,
    }
  }

  #say(level: Message['level'], guest: GuestName | null, text: string): void {
    this.#journal.say(level, guest, text)
  }
}

function guestNamed(name: string): GuestName {
  const definition = demonstrationGuests().find((guest) => guest.name === name)
  if (definition === undefined) throw new Error(`no demonstration guest ${name}`)
  return definition.name
}
