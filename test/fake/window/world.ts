import type { Control, ControlChange } from '../../../src/contract/control.ts'
import type { GuestEvent } from '../../../src/contract/guest.ts'
import type { HostInfo, HostMeter, Message } from '../../../src/contract/host.ts'
import type { CaptureView, HttpLine, NetworkEvent, NetworkView, PortMeter, Publication } from '../../../src/contract/network.ts'
import type { SetupStep, StageView } from '../../../src/contract/stage.ts'
import { LinkShape } from '../../../src/contract/link.ts'
import { stageNetwork } from '../../../src/contract/names.ts'
import type { WebMatrix } from '../../../src/contract/web.ts'
import { Broadcast } from './broadcast.ts'
import { budgetOf, changedControls } from './mixer.ts'
import { FakeNetworks } from './networks.ts'
import { presets } from './presets.ts'
import { FakeSnapshots } from './snapshots.ts'
import { FakeLibrary } from './library.ts'
import { FakeTasks } from './tasks.ts'
import { type FakeGuest, updateOf } from './views.ts'

/** A host in memory: guests that change state, sliders that move at a guest's pace, traffic, messages, the first run. */
export class World {
  readonly guests: FakeGuest[]
  readonly guestEvents = new Broadcast<GuestEvent>()
  readonly stageEvents = new Broadcast<StageView>()
  readonly meters = new Broadcast<HostMeter>()
  readonly networkEvents = new Broadcast<NetworkEvent>()
  readonly matrixEvents = new Broadcast<WebMatrix>()
  readonly messageEvents = new Broadcast<Message>()
  readonly tasks = new FakeTasks()
  readonly library = new FakeLibrary()
  readonly snapshots = new FakeSnapshots()
  readonly messages: Message[] = []
  readonly requests: HttpLine[] = []
  readonly networks = new FakeNetworks(() => this.guests.map((guest) => guest.name))
  publications: Publication[] = []
  captures: CaptureView[] = []
  readonly #counters = new Map<string, { tx: number; rx: number }>()
  readonly #timers: ReturnType<typeof setInterval>[] = []
  steps: SetupStep[] = []
  stageStatus: StageView['status'] = 'ready'
  /** null: every guest is of the host's stage. */
  stageGuests: string[] | null = null
  /** Whether guests ask for each other's pages. */
  traffic = true
  tick = 0

  constructor(guests: FakeGuest[]) {
    this.guests = guests
    this.#timers.push(setInterval(() => this.#quarter(), 250))
  }

  info(): HostInfo {
    return {
      version: '0.1.0',
      node: '20.20.2',
      platform: 'linux x64',
      qemu: '7.2.22',
      accelerator: { kind: 'tcg', reason: 'no /dev/kvm on this machine' },
      cpus: 2,
      memoryMiB: 24_064,
      dataDirectory: '/home/person/.local/share/diptych',
      cpuCap: { available: true, reason: 'cgroup v2' },
      processId: 4711,
      startedAt: new Date().toISOString(),
    }
  }

  find(name: string): FakeGuest | undefined {
    return this.guests.find((guest) => guest.name === name)
  }

  addGuest(guest: FakeGuest): void {
    this.guests.push(guest)
    this.guestEvents.emit({ type: 'changed', guest: updateOf(guest) })
  }

  removeGuest(guest: FakeGuest): void {
    this.guests.splice(this.guests.indexOf(guest), 1)
    this.guestEvents.emit({ type: 'removed', name: guest.name })
  }

  /** Changes a guest and tells everybody. */
  change(guest: FakeGuest, changes: Partial<Omit<FakeGuest, 'name' | 'generation'>>): void {
    Object.assign(guest, changes)
    guest.generation += 1
    this.guestEvents.emit({ type: 'changed', guest: updateOf(guest) })
  }

  say(level: Message['level'], text: string, guest: FakeGuest | null = null): void {
    const message: Message = { sequence: this.messages.length + 1, at: new Date().toISOString(), level, guest: guest?.name ?? null, text }
    this.messages.push(message)
    this.messageEvents.emit(message)
  }

  stage(): StageView {
    return { status: this.stageStatus, steps: structuredClone(this.steps), guests: this.guests.map((guest) => guest.name).filter((name) => this.stageGuests?.includes(name) ?? true), warm: this.stageStatus === 'ready' }
  }

  tellStage(): void {
    this.stageEvents.emit(this.stage())
  }

  start(guest: FakeGuest): void {
    this.change(guest, { state: 'starting', detail: 'Loading the warm snapshot', boot: guest.state === 'suspended' ? 'restored' : 'warm', agent: 'absent' })
    setTimeout(() => guest.state === 'starting' && this.change(guest, { state: 'running', detail: null }), 700)
    setTimeout(() => guest.state === 'running' && this.change(guest, { agent: 'live' }), 1_400)
  }

  stop(guest: FakeGuest, force: boolean): void {
    const stopDeadline = force ? null : new Date(Date.now() + 60_000).toISOString()
    this.change(guest, { state: 'stopping', detail: force ? 'Ending QEMU' : 'Asked the guest agent to shut down', stopDeadline })
    setTimeout(() => this.change(guest, { state: 'stopped', detail: null, stopDeadline: null, agent: 'absent' }), force ? 200 : 1_500)
  }

  suspend(guest: FakeGuest): void {
    this.change(guest, { state: 'suspending', detail: 'writing its memory' })
    setTimeout(() => this.change(guest, { state: 'suspended', detail: null, agent: 'absent', boot: null }), 800)
  }

  set(guest: FakeGuest, change: ControlChange): void {
    if (change.link !== undefined) {
      const { preset: name, both, tx, rx } = change.link
      const preset = presets.find((each) => each.name === name)
      const base = preset ?? guest.link
      const link = LinkShape.parse({ tx: { ...base.tx, ...both, ...tx }, rx: { ...base.rx, ...both, ...rx } })
      this.change(guest, { link, linkUp: preset?.up ?? guest.linkUp })
    }
    if (change.linkUp !== undefined) this.change(guest, { linkUp: change.linkUp })
    this.change(guest, { controls: changedControls(guest, change), priority: change.priority ?? guest.priority })
    const { vcpus } = guest.controls
    if (vcpus.status === 'following') setTimeout(() => this.change(guest, { controls: { ...guest.controls, vcpus: { ...vcpus, effective: vcpus.requested, status: 'settled' } } }), 600)
  }

  #quarter(): void {
    this.tick += 1
    for (const guest of this.guests) this.#followMemory(guest)
    const network = this.network()
    this.networkEvents.emit({ type: 'meters', at: new Date().toISOString(), network })
    if (this.tick % 4 === 0) this.meters.emit(this.meter())
    if (this.traffic && this.tick % 6 === 0) this.#request()
  }

  /** A balloon moves 96 MiB a quarter second and stops at what the guest needs. */
  #followMemory(guest: FakeGuest): void {
    const { memory } = guest.controls
    if (memory.status !== 'following' || memory.requested === null || memory.effective === null) return
    const gap = memory.requested - memory.effective
    const effective = memory.effective + Math.sign(gap) * Math.min(96, Math.abs(gap))
    const floor = 420
    const next: Control =
      gap < 0 && effective <= floor
        ? { ...memory, effective: floor, status: 'not-followed', note: `The guest gave back all but ${floor} MiB; the rest is in use.` }
        : { ...memory, effective, status: effective === memory.requested ? 'settled' : 'following' }
    this.change(guest, { controls: { ...guest.controls, memory: next } })
  }

  #request(): void {
    const on = this.guests.filter((guest) => guest.state === 'running' && guest.linkUp)
    if (on.length < 2) return
    const turn = Math.floor(this.tick / 6)
    const from = on[turn % on.length]
    const to = on[(turn + 1) % on.length]
    if (from === undefined || to === undefined) return
    const line: HttpLine = {
      sequence: this.requests.length + 1,
      at: new Date().toISOString(),
      from: from.name,
      to: to.name,
      fromAddress: `10.77.0.${from.index + 11}`,
      method: 'GET',
      host: `${to.name}.diptych.internal`,
      path: '/',
      status: 200,
      milliseconds: 8 + (turn * 7) % 11,
      bytes: 4_812,
    }
    this.requests.push(line)
    this.networkEvents.emit({ type: 'request', line })
  }

  network(): NetworkView {
    const running = this.guests.some((guest) => guest.state === 'running' || guest.state === 'paused')
    return {
      running,
      reason: running ? null : 'no guest is running',
      domain: 'diptych.internal',
      subnet: '10.77.0.0/24',
      gateway: '10.77.0.1',
      ports: this.guests.map((guest) => this.#port(guest)),
      networks: this.networks.list(),
      uplinks: this.networks.uplinks,
      publications: structuredClone(this.publications),
      captures: structuredClone(this.captures),
    }
  }

  #port(guest: FakeGuest): PortMeter {
    const connected = guest.state === 'running' || guest.state === 'paused'
    const busy = this.traffic && guest.state === 'running' && guest.linkUp
    const wave = (phase: number) => Math.max(0, Math.sin(this.tick / 5 + phase) + 0.6) ** 2
    const tx = busy ? Math.round(240_000 * wave(guest.index * 2) + 9_000) : 0
    const rx = busy ? Math.round(1_400_000 * wave(guest.index * 2 + 3) + 22_000) : 0
    const sum = this.#counters.get(guest.name) ?? { tx: 0, rx: 0 }
    sum.tx += tx / 32
    sum.rx += rx / 32
    this.#counters.set(guest.name, sum)
    return {
      guest: guest.name,
      network: stageNetwork,
      connected,
      linkUp: guest.linkUp,
      txBytes: sum.tx,
      rxBytes: sum.rx,
      txPackets: Math.round(sum.tx / 800),
      rxPackets: Math.round(sum.rx / 800),
      drops: 0,
      txBitsPerSecond: tx,
      rxBitsPerSecond: rx,
    }
  }

  meter(): HostMeter {
    const guests = this.guests
      .filter((guest) => ['running', 'paused', 'starting'].includes(guest.state))
      .map((guest) => {
        const cap = guest.controls.cpuCap.effective ?? 200
        const wanted = guest.state === 'paused' ? 0 : 46 + 30 * Math.sin(this.tick / 9 + guest.index * 2) + 14 * Math.sin(this.tick / 2)
        const total = guest.controls.memory.effective ?? 1024
        return {
          guest: guest.name,
          cpuPercent: Math.max(0, Math.min(cap, wanted)),
          residentMiB: total * 0.9,
          guestUsedMiB: 392 + 30 * Math.sin(this.tick / 20 + guest.index),
          guestTotalMiB: total,
          diskReadBytesPerSecond: 0,
          diskWriteBytesPerSecond: 40_000,
          diskReadsPerSecond: 0,
          diskWritesPerSecond: 9,
          throttledPercent: guest.controls.cpuCap.effective === null ? 0 : 12,
          cpuSharePercent: 100 / this.guests.length,
          vcpusPlugged: guest.controls.vcpus.effective,
          vcpusOnline: guest.agent === 'live' ? guest.controls.vcpus.effective : null,
          actualMiB: total,
          guestAvailableMiB: total - 392,
          txBitsPerSecond: 2e6,
          rxBitsPerSecond: 3e6,
        }
      })
    return {
      at: new Date().toISOString(),
      cpuPercent: guests.reduce((sum, guest) => sum + guest.cpuPercent, 12),
      memoryUsedMiB: 3_480 + guests.reduce((sum, guest) => sum + guest.residentMiB, 0),
      memoryTotalMiB: 24_064,
      promisedMiB: this.guests.reduce((sum, guest) => sum + (guest.controls.memory.requested ?? 0), 0),
      budget: budgetOf(this.guests, guests),
      guests,
    }
  }

  dispose(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }
}
