import { ControlName, type Control, type ControlChange, type ControlResult, type Priority } from '../contract/control.ts'
import type { LinkPreset, LinkShape, LinkView } from '../contract/link.ts'
import type { GuestName } from '../contract/names.ts'
import type { BalloonReading, CpuWeightReading, DiskLimits, Machine, VcpuReading } from '../engine/engine.ts'
import { checkBudget, checkValues, withPriority } from './change.ts'
import { describeControls } from './controls.ts'
import { delay } from './follower.ts'
import { Keeper } from './keeper.ts'
import { shapeFrom, tighterRate } from './link-shape.ts'
import { LinkSlider } from './link-slider.ts'
import { MemorySlider } from './memory-slider.ts'
import { priorityOf } from './priority.ts'
import { promisedCpuPercent, type ControlReadings, type Limits, type Requested, type Room } from './readings.ts'
import { allOf, Turns } from './turns.ts'
import { VcpuSlider } from './vcpu-slider.ts'

/** What the sliders need from outside. */
export interface ControlPorts {
  readonly guest: GuestName
  /** What this host, and the guest as it is defined now, can do. */
  limits(): Limits
  /** What the guest may be promised beside the others; null while nobody counts. */
  room(): Room | null
  readonly linkPresets: readonly LinkPreset[]
  setLink(link: LinkShape & { up: boolean }): Promise<LinkShape & { up: boolean }>
  /** Writes values into the guest's definition, only those that are named. Reports its own failures; does not reject. */
  persist(values: Partial<Remembered>): Promise<void>
  changed(): void
  /** The guest was given memory back because it needed it. */
  relieved(text: string): void
  nowMs(): number
}

/** `force`: also beyond what the host has left to promise. `passing`: not remembered in the guest's file; a rule's, not a person's. */
export interface ApplyOptions {
  readonly force?: boolean
  readonly passing?: boolean
}

/** What the guest's definition says of its sliders. */
export type Remembered = Requested & { readonly linkUp: boolean; readonly link?: LinkShape | undefined }

/**
 * Owns the requested and effective values of one guest's sliders. Called by the guest's owner alone. Who puts changes
 * into force (see `Hand`) does so one after the other, so that of two the later one lands. The effective values are always
 * read back: cap and weight from the kernel, memory, vCPUs and disk limits from the machine, the link from the switch.
 */
export class SliderControls {
  readonly #ports: ControlPorts
  readonly #link: LinkSlider
  readonly #memory: MemorySlider
  readonly #vcpus: VcpuSlider
  #requested: Requested
  #machine: Machine | null = null
  #cpuCap: number | null = null
  #cpuWeight: CpuWeightReading | null = null
  #diskLimits: DiskLimits | null = null
  readonly #keeper: Keeper<Remembered>
  readonly #turns = new Turns()

  constructor(ports: ControlPorts, { linkUp, link, ...requested }: Remembered) {
    this.#ports = ports
    this.#requested = requested
    this.#keeper = new Keeper((values) => ports.persist(values))
    this.#link = new LinkSlider(ports, { up: linkUp, shape: shapeFrom(link, requested.linkBandwidth) })
    const parts = { limits: () => this.#limits(), changed: () => ports.changed(), relieved: (text: string) => ports.relieved(text), nowMs: () => ports.nowMs() }
    this.#memory = new MemorySlider(parts)
    this.#vcpus = new VcpuSlider(parts)
  }

  describe(): Record<ControlName, Control> {
    return describeControls(this.readings())
  }

  priority(): Priority | null {
    return priorityOf(this.#requested, this.#canCap())
  }

  linkUp(): boolean {
    return this.#link.wish.up
  }

  link(): LinkView {
    return this.#link.view(this.#machine !== null)
  }

  /** As many vCPUs as were asked for; a guest is started with them when it cannot take them later. */
  vcpusAsked(): number {
    const { vcpus, maximumVcpus } = this.#ports.limits()
    return Math.min(this.#requested.vcpus ?? vcpus, Math.max(vcpus, maximumVcpus))
  }

  /** Puts what was asked into force; switch, kernel and QEMU answer at the same time. One that fails does not hold up the others. */
  async attach(machine: Machine): Promise<void> {
    this.#machine = machine
    const requested = this.#requested
    try {
      await allOf([
        this.#turns.take('switch', () => this.#link.apply(this.#link.wish)),
        // Also the default weight: guests are weighed against each other only where each is in a group of its own.
        this.#turns.take('kernel', () => allOf([this.#canCap() ? this.#setCpuCap(machine, requested.cpuCap) : null, this.#setCpuWeight(machine, requested.cpuWeight)])),
        this.#turns.take('disk', () => this.#attachDisks(machine)),
        this.#turns.take('guest', async () => void (this.#isCurrent(machine) && (await this.#memory.attach(machine, requested.memory)))),
      ])
    } finally {
      // A guest that is just booting counts its vCPUs once; what comes later it hears of when it is up.
      if (this.#isCurrent(machine)) this.#vcpus.attach(machine, machine.boot === 'cold' ? null : requested.vcpus)
    }
  }

  detach(): void {
    this.#machine = null
    this.#cpuCap = null
    this.#cpuWeight = null
    this.#diskLimits = null
    this.#memory.detach()
    this.#vcpus.detach()
  }

  /** The guest's agent answers: what only it can do or tell may have waited for it. */
  agentAnswers(): void {
    const { vcpus } = this.#requested
    if (vcpus !== null && this.#vcpus.reading?.online !== vcpus) void this.#vcpus.ask(vcpus)
    else void this.#vcpus.refresh()
  }

  /** Reads the guest's memory again; called on its events and for meters. */
  refresh(): Promise<BalloonReading | null> {
    return this.#memory.refresh()
  }

  /** Reads the vCPUs again; for meters, now and then. */
  refreshVcpus(): Promise<void> {
    return this.#vcpus.look()
  }

  /**
   * Puts the changes into force, each remembered only when it was taken: the guest's file never says what the kernel
   * refused. All values are checked before any is applied.
   */
  async apply(asked: ControlChange, waitMs: number, { force = false, passing = false }: ApplyOptions = {}): Promise<Partial<Record<ControlName, ControlResult>>> {
    const change = withPriority(asked, this.#canCap())
    checkValues(this.#ports.guest, this.describe(), change)
    if (!force) checkBudget(this.#ports.guest, this.readings(), change)
    this.#link.after(change) // refuses what it does not know before anything is applied
    const kept: Promise<void>[] = []
    try {
      const follows = await this.#take(change, (values) => void (passing || kept.push(this.#keeper.keep(values))))
      if (waitMs > 0) await Promise.race([Promise.all(follows), delay(waitMs)])
    } finally {
      // Who is answered can rely on it: a host that is killed a moment later is followed by one that asks for the same.
      await Promise.all(kept)
      this.#ports.changed()
    }
    return this.#results(change)
  }

  /** What the running guest is promised of this computer: what was asked for, or more where it still has more. */
  promise(): { memoryMiB: number; cpuPercent: number } {
    const { vcpus, bootMemoryMiB } = this.#limits()
    const { memory, cpuCap, vcpus: asked } = this.#requested
    return {
      memoryMiB: Math.max(memory ?? bootMemoryMiB, this.#memory.reading?.actualMiB ?? 0),
      cpuPercent: promisedCpuPercent(Math.max(asked ?? vcpus, this.#vcpus.reading?.online ?? 0), this.#canCap() ? cpuCap : null),
    }
  }

  /** As it was last read; null while nothing runs. */
  vcpuReading(): VcpuReading | null {
    return this.#vcpus.reading
  }

  memoryReading(): BalloonReading | null {
    return this.#memory.reading
  }

  readings(): ControlReadings {
    return {
      running: this.#machine !== null,
      limits: this.#limits(),
      requested: this.#requested,
      room: this.#ports.room(),
      vcpus: this.#vcpus.reading,
      vcpuFollowing: this.#vcpus.following,
      cpuCap: this.#cpuCap,
      cpuWeight: this.#cpuWeight,
      balloon: this.#memory.reading,
      steady: this.#memory.steady,
      memoryFollowing: this.#memory.following,
      diskLimits: this.#diskLimits,
      linkBandwidth: this.#link.rateInForce,
    }
  }

  /** Resolves when everything was taken, with what the guest still has to follow; of what failed, the first is thrown. */
  async #take(change: ControlChange, persist: (values: Partial<Remembered>) => void): Promise<Promise<void>[]> {
    const remember: Remember = (values, link = {}) => {
      this.#requested = { ...this.#requested, ...values }
      persist({ ...values, ...link })
    }
    const follows: Promise<void>[] = []
    const names = (...controls: readonly (keyof ControlChange)[]) => controls.some((control) => change[control] !== undefined)
    await allOf([
      names('link', 'linkUp', 'linkBandwidth') ? this.#turns.take('switch', () => this.#takeLink(change, remember)) : null,
      names('cpuCap', 'cpuWeight') ? this.#turns.take('kernel', () => this.#takeCpu(change, remember)) : null,
      names('diskIops', 'diskBandwidth') ? this.#turns.take('disk', () => this.#takeDisk(change, remember)) : null,
      names('memory', 'vcpus') ? this.#turns.take('guest', () => this.#takeGuestSide(change, remember, follows)) : null,
    ])
    return follows
  }

  async #takeLink(change: ControlChange, remember: Remember): Promise<void> {
    const link = this.#link.after(change)
    if (link === null) return
    await this.#link.apply(link)
    remember({ linkBandwidth: tighterRate(link.shape) }, { linkUp: this.#link.wish.up, link: link.shape })
  }

  async #takeCpu({ cpuCap, cpuWeight }: ControlChange, remember: Remember): Promise<void> {
    const machine = this.#machine
    if (cpuCap !== undefined) {
      if (machine !== null) await this.#setCpuCap(machine, cpuCap)
      remember({ cpuCap })
    }
    if (cpuWeight !== undefined) {
      if (machine !== null) await this.#setCpuWeight(machine, cpuWeight)
      remember({ cpuWeight })
    }
  }

  async #takeDisk({ diskIops = this.#requested.diskIops, diskBandwidth = this.#requested.diskBandwidth }: ControlChange, remember: Remember): Promise<void> {
    const machine = this.#machine
    if (machine !== null) await this.#setDiskLimits(machine, { iops: diskIops, bytesPerSecond: diskBandwidth })
    remember({ diskIops, diskBandwidth })
  }

  async #takeGuestSide({ memory, vcpus }: ControlChange, remember: Remember, follows: Promise<void>[]): Promise<void> {
    if (memory !== undefined) {
      const { followed } = await this.#memory.ask(memory)
      follows.push(followed)
      remember({ memory })
    }
    if (vcpus !== undefined) {
      remember({ vcpus })
      follows.push(this.#vcpus.ask(vcpus))
    }
  }

  async #setCpuCap(machine: Machine, percent: number | null): Promise<void> {
    const inForce = await machine.setCpuCap(percent)
    if (this.#isCurrent(machine)) this.#cpuCap = inForce
  }

  async #setCpuWeight(machine: Machine, weight: number): Promise<void> {
    const inForce = await machine.setCpuWeight(weight)
    if (this.#isCurrent(machine)) this.#cpuWeight = inForce
  }

  async #setDiskLimits(machine: Machine, limits: DiskLimits): Promise<void> {
    const inForce = await machine.setDiskLimits(limits)
    if (this.#isCurrent(machine)) this.#diskLimits = inForce
  }

  async #attachDisks(machine: Machine): Promise<void> {
    const { diskIops: iops, diskBandwidth: bytesPerSecond } = this.#requested
    const inForce = await machine.diskLimits()
    if (inForce.iops !== iops || inForce.bytesPerSecond !== bytesPerSecond) await this.#setDiskLimits(machine, { iops, bytesPerSecond })
    else if (this.#isCurrent(machine)) this.#diskLimits = inForce
  }

  /** A turn may come, and an answer, when the machine has ended: it is nobody's then. */
  #isCurrent(machine: Machine): boolean {
    return this.#machine === machine
  }

  #results(change: ControlChange): Partial<Record<ControlName, ControlResult>> {
    const controls = this.describe()
    const changed = ControlName.options.filter((name) => change[name] !== undefined)
    return Object.fromEntries(changed.map((name) => [name, resultOf(controls[name])]))
  }

  #canCap(): boolean {
    return this.#ports.limits().cpuCapUnavailable === null
  }

  /** A running machine has the room that it was started with, whatever its definition says by now. */
  #limits(): Limits {
    const limits = this.#ports.limits()
    if (this.#machine === null) return limits
    const { vcpus, maximumVcpus = vcpus, memoryMiB, maximumMemoryMiB = memoryMiB } = this.#machine.spec
    return { ...limits, vcpus, maximumVcpus, bootMemoryMiB: memoryMiB, maximumMemoryMiB }
  }
}

/** What was asked is kept, once it was taken: values of the sliders, and more of the link than they show. */
type Remember = (values: Partial<Requested>, link?: Partial<Remembered>) => void

function resultOf({ requested, effective, status, note }: Control): ControlResult {
  return { requested, effective, status, note }
}
