import { implement, type AnyRouter } from '@orpc/server'
import { contract } from '../../src/contract/contract.ts'
import type { GuestEvent, GuestUpdate, GuestView } from '../../src/contract/guest.ts'
import type { HostMeter, Message } from '../../src/contract/host.ts'
import type { GuestName } from '../../src/contract/names.ts'
import type { NetworkEvent } from '../../src/contract/network.ts'
import type { SnapshotTree } from '../../src/contract/snapshot.ts'
import type { StageSnapshotView, StageView } from '../../src/contract/stage.ts'
import type { TaskView } from '../../src/contract/task.ts'
import type { TrashItem } from '../../src/contract/trash.ts'
import type { WebMatrix } from '../../src/contract/web.ts'
import { Publisher } from '../../src/publisher.ts'
import { fakeDiscRoutes } from './fake-discs.ts'
import { FakeLibrary } from './fake-library.ts'
import { fakeTemplateRoutes } from './fake-templates.ts'
import { fakeLibraryRoutes } from './fake-library-routes.ts'
import { fakeBudget, fakeGuest, fakeHostInfo, fakeMatrix, fakeMeter, fakeNetwork, fakePresets, fakeSnapshot, fakeStageSnapshot } from './fake-views.ts'

/**
 * The whole contract over two guests in memory: states change, unknown guests are not found, illegal requests are
 * refused with codes and data. `meters` are published with `publishMeter`; `stage.up` waits until `finishUp`.
 */
export class FakeHost {
  readonly router: AnyRouter
  readonly #guests = new Map<string, GuestUpdate>()
  readonly #guestEvents = new Publisher<GuestEvent>()
  readonly #meters = new Publisher<HostMeter>()
  readonly #stageEvents = new Publisher<StageView>()
  readonly #messages = new Publisher<Message>()
  readonly #networkEvents = new Publisher<NetworkEvent>()
  readonly #ended = new AbortController()
  #stage: StageView = { status: 'idle', steps: [], guests: [], warm: false }
  #settleUp: (() => void)[] = []

  constructor(names: readonly string[] = ['linux', 'windows']) {
    for (const name of names) this.#guests.set(name, { generation: 1, view: fakeGuest(name, 'stopped') })
    this.router = this.#build()
  }

  get watchers(): number {
    return this.#guestEvents.readers + this.#meters.readers + this.#stageEvents.readers
  }

  /** Calls of `stage.up` that wait for `finishUp`. */
  get upsWaiting(): number {
    return this.#settleUp.length
  }

  publishMeter(cpuPercent: number): void {
    this.#meters.publish(fakeMeter(cpuPercent), 'meter')
  }

  endWatches(): void {
    this.#ended.abort()
  }

  setStage(stage: Partial<StageView>): void {
    this.#stage = { ...this.#stage, ...stage }
    this.#stageEvents.publish(this.#stage, 'stage')
  }

  /** Ends the work of `stage.up`, whatever became of it. */
  finishUp(status: StageView['status']): void {
    this.setStage({ status })
    const waiting = this.#settleUp
    this.#settleUp = []
    for (const settle of waiting) settle()
  }

  change(name: string, change: Partial<GuestView>): GuestUpdate | undefined {
    const old = this.#guests.get(name)
    if (old === undefined) return undefined
    const guest = { generation: old.generation + 1, view: { ...old.view, ...change } }
    this.#guests.set(name, guest)
    this.#guestEvents.publish({ type: 'changed', guest }, name)
    return guest
  }

  #watch<T>(events: Publisher<T>, first: readonly T[], signal: AbortSignal | undefined) {
    return events.subscribe(first, AbortSignal.any(signal === undefined ? [this.#ended.signal] : [this.#ended.signal, signal]))
  }

  #library(): FakeLibrary {
    return new FakeLibrary({
      names: () => [...this.#guests.keys()],
      find: (name) => this.#guests.get(name),
      add: (name, title, kind) => {
        const guest = { generation: 1, view: { ...fakeGuest(name, 'stopped'), title, kind } }
        this.#guests.set(name, guest)
        this.#guestEvents.publish({ type: 'changed', guest }, name)
        return guest
      },
      remove: (name) => {
        this.#guests.delete(name)
        this.#guestEvents.publish({ type: 'removed', name }, name)
      },
      retitle: (name, title) => void this.change(name, { title }),
    })
  }

  #build(): AnyRouter {
    const os = implement(contract)
    const known = () => [...this.#guests.keys()]
    interface NotFound {
      NOT_FOUND(options: { data: { noun: string; name: string; known: string[] } }): Error
    }
    const find = (name: GuestName, errors: NotFound): GuestUpdate => {
      const found = this.#guests.get(name)
      if (found === undefined) throw errors.NOT_FOUND({ data: { noun: 'guest', name, known: known() } })
      return found
    }
    const move = (name: GuestName, errors: NotFound, state: GuestView['state']) => {
      const before = find(name, errors)
      if (before.view.state === state) return { outcome: 'already' as const, guest: before }
      return { outcome: 'done' as const, guest: this.change(name, fakeGuest(name, state)) ?? before }
    }
    const library = fakeLibraryRoutes(this.#library(), (name) => this.#guests.has(name), (signal) => this.#watch(new Publisher<TrashItem[]>(), [[]], signal))
    return os.router({
      os: library.os,
      trash: library.trash,
      disc: fakeDiscRoutes((signal) => this.#watch(new Publisher<never[]>(), [[]], signal)),
      template: fakeTemplateRoutes(find, (signal) => this.#watch(new Publisher<never[]>(), [[]], signal)),
      host: {
        info: os.host.info.handler(() => fakeHostInfo),
        meters: os.host.meters.handler(({ signal }) => this.#watch(this.#meters, [], signal)),
        messages: os.host.messages.handler(({ signal }) => this.#watch(this.#messages, [], signal)),
        doctor: os.host.doctor.handler(() => [
          { id: 'qemu', title: 'QEMU', status: 'ok', detail: '7.2.22', remedy: null },
          { id: 'kvm', title: 'Hardware virtualisation', status: 'warning', detail: 'there is no /dev/kvm', remedy: 'enable it in the firmware' },
        ]),
        budget: os.host.budget.handler(() => fakeBudget),
        history: os.host.history.handler(({ input }) => ({ span: input.span, stepMs: 1_000, at: [], guests: [] })),
        exportHistory: os.host.exportHistory.handler(({ input }) => ({ fileName: `diptych-${input.span}.csv`, csv: 'at,guest\r\n' })),
      },
      guest: {
        ...library.guest,
        list: os.guest.list.handler(() => [...this.#guests.values()]),
        get: os.guest.get.handler(({ input, errors }) => find(input.name, errors)),
        watch: os.guest.watch.handler(({ signal }) =>
          this.#watch(this.#guestEvents, [{ type: 'listed', guests: [...this.#guests.values()] }], signal),
        ),
        start: os.guest.start.handler(({ input, errors }) => move(input.name, errors, 'running')),
        stop: os.guest.stop.handler(({ input, errors }) => move(input.name, errors, 'stopped')),
        pause: os.guest.pause.handler(({ input, errors }) => {
          const { view } = find(input.name, errors)
          if (view.state !== 'running' && view.state !== 'paused') {
            throw errors.REFUSED({ data: { code: 'wrong-state', subject: input.name, reason: `${input.name} is ${view.state}`, remedy: 'start it first' } })
          }
          return move(input.name, errors, 'paused')
        }),
        resume: os.guest.resume.handler(({ input, errors }) => move(input.name, errors, 'running')),
        restart: os.guest.restart.handler(({ input, errors }) => move(input.name, errors, 'running')),
        suspend: os.guest.suspend.handler(({ input, errors }) => move(input.name, errors, 'suspended')),
        reset: os.guest.reset.handler(({ input, errors }) => ({ outcome: 'done', guest: find(input.name, errors) })),
        set: os.guest.set.handler(({ input, errors }) => {
          const { view } = find(input.name, errors)
          const { memory } = input.change
          const range = view.controls.memory
          if (memory !== undefined && (memory < range.minimum || memory > range.maximum)) {
            throw errors.REFUSED({ data: { code: 'out-of-range', subject: input.name, reason: `memory must lie between ${range.minimum} and ${range.maximum} MiB` } })
          }
          const results = memory === undefined ? {} : { memory: { requested: memory, effective: memory, status: 'settled' as const, note: null } }
          const network = { ...view.network, linkUp: input.change.linkUp ?? view.network.linkUp }
          return { results, guest: this.change(input.name, { network }) ?? find(input.name, errors) }
        }),
        crossfade: os.guest.crossfade.handler(({ input, errors }) => ({ moved: [], limits: [], undo: [], guests: [find(input.left, errors), find(input.right, errors)] })),
        setPolicies: os.guest.setPolicies.handler(({ input, errors }) => this.change(input.name, { policies: input.policies }) ?? find(input.name, errors)),
        activity: os.guest.activity.handler(() => []),
        setClipboard: os.guest.setClipboard.handler(({ input, errors }) => this.change(input.name, { clipboard: input.mode }) ?? find(input.name, errors)),
        sendKeys: os.guest.sendKeys.handler(() => ({})),
        screenshot: os.guest.screenshot.handler(() => ({ png: Buffer.from('\x89PNG').toString('base64'), width: 1280, height: 800 })),
        inspect: os.guest.inspect.handler(({ input, errors }) => {
          const { view } = find(input.name, errors)
          return { os: null, hostName: view.name, addresses: null, users: [{ name: 'person', domain: null, since: null }], fileSystems: [{ mountPoint: '/', type: 'ext4', device: 'vda1', totalBytes: 2 ** 30, freeBytes: 2 ** 29 }] }
        }),
        copyIn: os.guest.copyIn.handler(({ input }) => ({ path: input.to, bytes: 3, sha256: '0'.repeat(64) })),
        copyOut: os.guest.copyOut.handler(({ input }) => ({ path: input.to, bytes: 3, sha256: '0'.repeat(64) })),
        exec: os.guest.exec.handler(async ({ signal }) => {
          await new Promise((resolve) => signal?.addEventListener('abort', resolve)) // a program that never ends
          return { exitCode: 0, stdout: '', stderr: '' }
        }),
        logs: os.guest.logs.handler(({ input }) => ({ text: `${input.source} of ${input.name}\n`, path: `/tmp/${input.name}.log` })),
      },
      network: {
        get: os.network.get.handler(() => ({ ...fakeNetwork, statistics: null })),
        presets: os.network.presets.handler(() => [...fakePresets]),
        watch: os.network.watch.handler(({ signal }) => this.#watch(this.#networkEvents, [], signal)),
        requests: os.network.requests.handler(() => []),
        publish: os.network.publish.handler(({ input, errors }) => {
          find(input.guest, errors)
          return { guest: input.guest, port: input.port, hostPort: input.hostPort ?? 40_001, url: `http://${input.guest}.localhost:${input.hostPort ?? 40_001}/` }
        }),
        unpublish: os.network.unpublish.handler(() => []),
        publications: os.network.publications.handler(() => []),
        startCapture: os.network.startCapture.handler(({ input }) => ({ id: 'capture-1', network: input.network, guest: input.guest, path: '/tmp/capture.pcapng', startedAt: '2026-01-01T00:00:00.000Z', bytes: 0, limitBytes: 2 * input.maxBytes, packets: null })),
        stopCapture: os.network.stopCapture.handler(({ input, errors }) => {
          throw errors.NOT_FOUND({ data: { noun: 'capture', name: input.id, known: [] } })
        }),
        captures: os.network.captures.handler(() => []),
        list: os.network.list.handler(() => []),
        create: os.network.create.handler(({ input }) => ({ name: input.name, domain: `${input.name}.diptych.internal`, subnet: input.subnet ?? '10.78.0.0/24', gateway: '10.78.0.1', guests: [] })),
        delete: os.network.delete.handler(({ input, errors }) => {
          throw errors.NOT_FOUND({ data: { noun: 'network', name: input.name, known: ['stage'] } })
        }),
        connect: os.network.connect.handler(({ input }) => ({ guest: input.guest, applies: 'next-start', networks: [] })),
        disconnect: os.network.disconnect.handler(({ input }) => ({ guest: input.guest, applies: 'now', networks: [] })),
        restart: os.network.restart.handler(() => ({ ...fakeNetwork, statistics: null })),
        setUplink: os.network.setUplink.handler(({ input }) => ({ guest: input.guest, applies: input.on ? 'next-start' : 'already', networks: [] })),
      },
      task: {
        list: os.task.list.handler(() => []),
        watch: os.task.watch.handler(({ signal }) => this.#watch(new Publisher<TaskView[]>(), [[]], signal)),
        cancel: os.task.cancel.handler(({ input, errors }) => {
          throw errors.NOT_FOUND({ data: { noun: 'task', name: input.id, known: [] } })
        }),
      },
      image: {
        inspect: os.image.inspect.handler(() => ({ source: 'notes.txt', format: null, what: 'not importable', machine: null, warnings: [], refusal: { reason: 'nothing in it is recognised', remedy: null } })),
        import: os.image.import.handler(({ errors }) => {
          throw errors.REFUSED({ data: { code: 'unsafe', subject: 'disk.qcow2', reason: 'its backing file is named "/etc/shadow"' } })
        }),
        export: os.image.export.handler(({ input, errors }) => {
          find(input.name, errors)
          return { path: input.path, format: input.format, fileBytes: 1_024, virtualBytes: 2_048, takenAt: null, warnings: [] }
        }),
      },
      snapshot: {
        list: os.snapshot.list.handler(({ input, errors }) => ({ guest: find(input.guest, errors).view.name, current: null, snapshots: [] })),
        watch: os.snapshot.watch.handler(({ signal }) => this.#watch(new Publisher<SnapshotTree>(), [], signal)),
        take: os.snapshot.take.handler(({ input }) => fakeSnapshot(input.title ?? 'now')),
        restore: os.snapshot.restore.handler(({ input, errors }) => {
          throw errors.NOT_FOUND({ data: { noun: 'snapshot', name: input.id, known: [] } })
        }),
        delete: os.snapshot.delete.handler(() => ({ reclaimedBytes: 0 })),
        rename: os.snapshot.rename.handler(({ input }) => fakeSnapshot(input.title)),
        thumbnail: os.snapshot.thumbnail.handler(() => ({ png: Buffer.from('\x89PNG').toString('base64'), width: 1280, height: 800 })),
      },
      stage: {
        snapshots: os.stage.snapshots.handler(() => []),
        watchSnapshots: os.stage.watchSnapshots.handler(({ signal }) => this.#watch(new Publisher<StageSnapshotView[]>(), [[]], signal)),
        takeSnapshot: os.stage.takeSnapshot.handler(({ input }) => fakeStageSnapshot(input.title ?? 'now')),
        restoreSnapshot: os.stage.restoreSnapshot.handler(() => ({ stage: this.#stage, kept: null })),
        renameSnapshot: os.stage.renameSnapshot.handler(({ input }) => fakeStageSnapshot(input.title)),
        deleteSnapshot: os.stage.deleteSnapshot.handler(() => ({ reclaimedBytes: 0 })),
        reset: os.stage.reset.handler(() => this.#stage),
        get: os.stage.get.handler(() => this.#stage),
        watch: os.stage.watch.handler(({ signal }) => this.#watch(this.#stageEvents, [this.#stage], signal)),
        up: os.stage.up.handler(async ({ errors }) => {
          this.setStage({ status: 'working' })
          await new Promise<void>((resolve) => this.#settleUp.push(resolve))
          if (this.#stage.status === 'cancelled') throw errors.CANCELLED({ data: { what: 'setting up' } })
          return this.#stage
        }),
        cancel: os.stage.cancel.handler(() => {
          this.finishUp('cancelled')
          return this.#stage
        }),
        down: os.stage.down.handler(() => {
          for (const name of this.#stage.guests) this.change(name, fakeGuest(name, 'stopped'))
          this.setStage({ status: 'idle' })
          return this.#stage
        }),
      },
      web: {
        probe: os.web.probe.handler(({ errors }) => {
          throw errors.FAILED({ data: { part: 'agent', reason: 'the guest agent does not answer', remedy: 'wait for the guest to boot' } })
        }),
        matrix: os.web.matrix.handler(({ input }) => fakeMatrix(known(), input.path)),
        watch: os.web.watch.handler(({ input, signal }) => this.#watch(new Publisher<WebMatrix>(), [fakeMatrix(known(), input.path)], signal)),
        evidence: os.web.evidence.handler(({ input }) => {
          const [probe] = fakeMatrix([input.from, input.to], input.path).cells.flatMap((cell) => cell.probe ?? [])
          if (probe === undefined) throw new Error('no probe')
          return { probe, requestLine: `GET ${input.path} HTTP/1.1`, statusLine: 'HTTP/1.1 200 OK', headers: [], body: '<title>page</title>', screenshot: null }
        }),
      },
    })
  }
}
