import { createConnection } from 'node:net'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import packageJson from '../package.json' with { type: 'json' }
import { isOff } from '../src/contract/guest.ts'
import type { HostInfo, Message } from '../src/contract/host.ts'
import type { GuestName } from '../src/contract/names.ts'
import { Refusal, reasonOf } from '../src/contract/refusal.ts'
import type { StageView } from '../src/contract/stage.ts'
import type { EngineDescription } from '../src/engine/engine.ts'
import { GuestStore } from '../src/node/guest-store.ts'
import { PartialFiles } from '../src/node/image/partial-file.ts'
import { Recipes } from '../src/node/image/recipes.ts'
import { Uploads } from '../src/node/image/uploads.ts'
import type { Directories } from '../src/node/paths.ts'
import { type QemuEngine, createQemuEngine } from '../src/node/qemu/engine.ts'
import { openRawChannel } from '../src/node/switch/raw-channel.ts'
import { NetworkStore } from '../src/node/network-store.ts'
import { TemplateStore } from '../src/node/template/template-store.ts'
import { findSwitch, startOrAdoptSwitch } from '../src/node/switch/start-or-adopt.ts'
import { guestLogPath, moveLogs, readGuestLog } from '../src/node/guest-logs.ts'
import { Trash } from '../src/node/trash.ts'
import { Publisher } from '../src/publisher.ts'
import type { Stage } from '../src/stage/stage.ts'
import { AgentService } from './agent-service.ts'
import { CaptureService } from './capture-service.ts'
import { CloneService } from './clone-service.ts'
import { demonstrationStage } from './demonstration-stage.ts'
import { DiscService } from './disc-service.ts'
import { examine } from './doctor.ts'
import { ExportService } from './export-service.ts'
import { CreateService } from './create-service.ts'
import { EditService } from './edit-service.ts'
import { hostCpus } from './guest-limits.ts'
import { FileUsers } from './file-users.ts'
import { GuestRegistry } from './guest-registry.ts'
import { holdLock, makeDirectories } from './host-place.ts'
import type { Host, HostLogger, HostOptions } from './host-types.ts'
import { ImageService } from './image-service.ts'
import { Journal } from './journal.ts'
import { LibraryService } from './library-service.ts'
import { MixerService } from './mixer-service.ts'
import { NetworkService } from './network-service.ts'
import { PrivateNetworks } from './private-networks.ts'
import { type Preparation, specify } from './prepare.ts'
import { type Resources, findResources } from './resources.ts'
import { OsService } from './os-service.ts'
import { PublishService } from './publish-service.ts'
import { createRouter } from './router.ts'
import { SavedStates } from './saved-states.ts'
import { TaskService } from './task-service.ts'
import { TemplateCreation } from './template-creation.ts'
import { TemplateService } from './template-service.ts'
import { WebService } from './web-service.ts'

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
 * Owns the registry of guests, the services and the stage.
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
  readonly #networks: PrivateNetworks
  readonly #web: WebService
  readonly #publishing: PublishService
  readonly #capturing: CaptureService
  readonly #stage: Stage
  readonly #guests: GuestRegistry
  readonly #library: LibraryService
  readonly #editing: EditService
  readonly #images: ImageService
  readonly #partials: PartialFiles
  readonly uploads: Uploads
  readonly #systems = new OsService()
  readonly #tasks = new TaskService()
  readonly #saved: SavedStates
  readonly #templates: TemplateService
  readonly #stageEvents = new Publisher<StageView>()
  readonly #journal: Journal
  readonly #mixer = new MixerService({ guests: () => this.#guests, ports: () => this.#network.view().ports, message: (level, guest, text) => this.#say(level, guest, text) })
  readonly #startedAt = new Date().toISOString()
  #description: EngineDescription | null = null
  #engineFault: string | null = null
  #closed = false

  constructor(directories: Directories, resources: Resources, logger: HostLogger, release: () => void) {
    this.#directories = directories
    this.#resources = resources
    this.#journal = new Journal(logger)
    this.#release = release
    this.#store = new GuestStore(directories.data)
    const guestFolder = (name: GuestName) => this.#store.directory(name)
    this.#recipes = new Recipes(resources.recipes, directories.cache)
    this.#engine = createQemuEngine({ directories, logger })
    this.#network = new NetworkService({
      connect: () => startOrAdoptSwitch(this.#switchOptions()),
      find: () => findSwitch(this.#switchOptions()),
      addressSeen: (guest, ipv4) => this.#guests.find(guest)?.addressSeen(ipv4),
      requestSeen: (line) => {
        if (line.status !== null && line.status < 500) this.#guests.find(line.to as GuestName)?.webSeen() // an address that is no guest's name finds nobody
      },
      replaced: () => this.#guests.reconnectNetworks(),
      publications: () => this.#publishing.list(),
      captures: () => this.#capturing.list(),
      networks: () => this.#networks,
      message: (level, text) => this.#say(level, null, text),
    })
    this.#guests = new GuestRegistry({
      store: this.#store,
      engine: this.#engine,
      network: this.#network,
      description: () => this.#description,
      preparation: () => this.#preparation(),
      stateChanged: (name, state) => {
        this.#mixer.stateChanged(name, state)
        if (isOff(state)) this.#publishing.unpublish(name)
        this.#web.changed()
        void this.#stage.refresh()
      },
      message: (level, guest, text) => this.#say(level, guest, text),
      room: (name) => this.#mixer.room(name),
      activity: (name, rule, text) => this.#mixer.record(name, rule, text),
    })
    this.#networks = new PrivateNetworks({ store: new NetworkStore(directories.data), guests: this.#guests, network: this.#network, message: (level, text) => this.#say(level, null, text) })
    this.#library = new LibraryService({
      guests: this.#guests,
      store: this.#store,
      trash: new Trash(directories.data),
      gone: (name) => {
        void this.#network.forget(name)
        void this.#templates.changed()
      },
      trashChanged: () => this.#saved.stage.partsChanged(),
    })
    this.#editing = new EditService({
      guests: this.#guests,
      store: this.#store,
      library: this.#library,
      description: () => this.#description,
      edited: () => discs.usersChanged(),
      renamed: (name, to) => {
        void this.#network.forget(name)
        try {
          this.#saved.stage.partsChanged()
          moveLogs(directories.state, name, to)
        } catch (error) {
          this.#say('warning', to, `what is kept under its old name could not follow: ${reasonOf(error)}`)
        }
      },
    })
    this.uploads = new Uploads(join(directories.data, 'uploads'))
    this.#partials = new PartialFiles(join(directories.state, 'exports'), [directories.data, directories.cache])
    const users = new FileUsers({ guests: () => this.#guests.all(), guestFolder, trashed: () => this.#library.trashedDefinitions(), trashedFolders: () => this.#library.trashedFolders(), templates: () => this.#templates.store })
    const discs = new DiscService({ dataDirectory: directories.data, uploads: this.uploads, users, changes: (signal) => [this.#guests.events.subscribe([], signal), this.#library.trashed.subscribe([], signal), this.#saved.snapshots.events.subscribe([], signal), this.#templates.watch(signal)] })
    this.#images = new ImageService({ library: this.#library, tasks: this.#tasks, uploads: this.uploads, discs, guestFolder })
    const dial = (guest: GuestName, port: number) => openRawChannel(directories.runtime, 'dial', { guest, port, network: this.#network.cards(guest)[0]?.network })
    this.#web = new WebService({
      owners: () => this.#guests.all(),
      owner: (name) => this.#guests.get(name),
      requests: (limit) => this.#network.requests(limit),
      dial,
    })
    this.#publishing = new PublishService({
      isRunning: (guest) => this.#guests.get(guest).machine !== null,
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
    this.#stage = demonstrationStage({
      guests: this.#guests,
      library: this.#library,
      recipes: this.#recipes,
      network: this.#network,
      mixer: this.#mixer,
      saved: () => this.#saved,
      preparation: () => this.#preparation(),
      hasEngine: () => this.#description !== null,
      published: (view) => this.#stageEvents.publish(view, 'stage'),
    })
    this.#saved = new SavedStates({
      tasks: this.#tasks,
      engine: this.#engine,
      dataDirectory: directories.data,
      cacheDirectory: directories.cache,
      owners: () => this.#guests.all(),
      owner: (name) => this.#guests.get(name),
      stageGuests: () => this.#stage.view().guests,
      directory: guestFolder,
      trashed: () => this.#library.trashedFolders(),
      message: (level, guest, text) => this.#say(level, guest, text),
    })
    this.#templates = new TemplateService({
      store: new TemplateStore(directories.data),
      guests: this.#guests,
      tasks: this.#tasks,
      engine: this.#engine,
      guestFolder,
      trashed: () => this.#library.trashedFolders(),
      specify: (definition) => specify(this.#preparation(), definition, () => ''),
      message: (level, text) => this.#say(level, null, text),
    })
    const clones = new CloneService({ templates: this.#templates, library: this.#library, guests: this.#guests, tasks: this.#tasks, guestFolder, demandStart: (name, force) => this.#mixer.demandStart(name, force) })
    const cloned = new TemplateCreation({ library: this.#library, guests: this.#guests, templates: this.#templates, clones })
    this.router = createRouter({
      templates: this.#templates,
      clones,
      saved: this.#saved,
      guests: this.#guests,
      agents: new AgentService({ tasks: this.#tasks, uploads: this.uploads, partials: this.#partials, owner: (name) => this.#guests.get(name) }),
      tasks: this.#tasks,
      library: this.#library,
      editing: this.#editing,
      creating: new CreateService({ library: this.#library, systems: this.#systems, tasks: this.#tasks, disks: this.#images, templates: cloned }),
      systems: this.#systems,
      images: this.#images,
      discs,
      exports: new ExportService({ tasks: this.#tasks, partials: this.#partials, owner: (name) => this.#guests.get(name), guestFolder, usersOf: (path) => users.of(path), scratch: () => this.#library.stage(), message: (name, text) => this.#say('error', name, text) }),
      stage: this.#stage,
      network: this.#network,
      networks: this.#networks,
      web: this.#web,
      publishing: this.#publishing,
      capturing: this.#capturing,
      stageEvents: this.#stageEvents,
      messages: this.#journal.published,
      recentMessages: () => this.#journal.recent,
      info: () => this.#info(),
      doctor: () =>
        examine({ directories, engine: this.#description, engineFault: this.#engineFault, unusable: this.#guests.unusable, network: this.#network.view() }),
      mixer: this.#mixer,
      readLog: async (name, source, lines) => readGuestLog(this.#guests.get(name).machine?.logPaths[source] ?? guestLogPath(directories.state, name, source), lines),
    })
  }

  async open(): Promise<void> {
    await this.#describeEngine()
    await this.#images.recover(this.#store.folders.root)
    await Promise.all([this.uploads.sweep(), this.#partials.sweep()])
    this.#library.recover()
    this.#guests.load()
    this.#networks.load()
    const [adoptions] = await Promise.all([this.#description === null ? [] : this.#engine.adopt(), this.#network.adopt()])
    for (const { spec, machine, status } of adoptions) await this.#guests.adopt(spec.name, machine, status)
    this.#guests.settleDisks()
    await this.#saved.recover()
    await this.#stage.refresh()
  }

  async openScreen(guest: GuestName): Promise<Duplex> {
    const machine = this.#guests.get(guest).machine
    if (machine === null) throw new Refusal('wrong-state', guest, 'it is not running, so it has no screen', `start it with: diptych start ${guest}`)
    const socket = createConnection({ path: machine.screenSocketPath })
    await once(socket, 'connect')
    return socket
  }

  metrics(): Promise<string> {
    return this.#mixer.metrics()
  }

  tellFailure(text: string): void {
    this.#say('error', null, text)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#mixer.dispose()
    await this.#tasks.close()
    await this.#stage.abandonSaving()
    await this.#engine.settled()
    this.#web.dispose()
    this.#publishing.dispose()
    await this.#capturing.dispose()
    this.#guests.dispose()
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
      templates: this.#templates.store,
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

  #info(): HostInfo {
    return {
      version: packageJson.version,
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      qemu: this.#description?.version ?? null,
      accelerator: this.#description?.accelerator ?? { kind: 'tcg', reason: this.#engineFault ?? 'QEMU has not been asked' },
      cpus: hostCpus,
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
