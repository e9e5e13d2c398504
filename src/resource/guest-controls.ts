import type { Control, ControlChange, ControlName, ControlResult } from '../contract/control.ts'
import { unshaped, type LinkPreset, type LinkShape, type LinkView } from '../contract/link.ts'
import type { GuestName } from '../contract/names.ts'
import { Refusal } from '../contract/refusal.ts'
import type { BalloonReading, Machine } from '../engine/engine.ts'
import { changeShape, isSameShape, shapeFrom, tighterRate } from './link-shape.ts'
import { type ControlReadings, type MemoryFollowing, type Requested, describeControls, hasFollowed, valueFault } from './controls.ts'

/** What the sliders need from outside. */
export interface ControlPorts {
  readonly guest: GuestName
  readonly vcpus: number
  readonly hostCpus: number
  readonly bootMemoryMiB: number
  readonly cpuCapUnavailable: string | null
  readonly balloonUnavailable: string | null
  readonly linkPresets: readonly LinkPreset[]
  setLink(link: LinkShape & { up: boolean }): Promise<LinkShape & { up: boolean }>
  /** Remembers the requested values in the guest's definition. */
  persist(requested: Remembered & { link: LinkShape }): void
  changed(): void
  nowMs(): number
}

/** What the guest's definition says of its sliders. */
export type Remembered = Requested & { readonly linkUp: boolean; readonly link?: LinkShape | undefined }

const followPollMs = 150
/** No movement of the balloon for this long means that the guest has stopped following. */
const followPatienceMs = 4_000

/**
 * Owns the requested and effective values of one guest's sliders. Called by the guest's owner alone, one call at a
 * time except `describe`. The effective values are always read back: cap from the kernel, balloon from the device,
 * link from the switch.
 */
export class SliderControls {
  readonly #ports: ControlPorts
  #requested: Requested
  #linkUp: boolean
  #machine: Machine | null = null
  #balloon: BalloonReading | null = null
  #cpuCap: number | null = null
  #shape: LinkShape
  #effectiveShape: LinkShape = { tx: unshaped, rx: unshaped }
  #following: MemoryFollowing = { status: 'settled', note: null }
  #followRun = 0

  constructor(ports: ControlPorts, requested: Remembered) {
    this.#ports = ports
    this.#requested = { cpuCap: requested.cpuCap, memory: requested.memory, linkBandwidth: requested.linkBandwidth }
    this.#shape = shapeFrom(requested.link, requested.linkBandwidth)
    this.#linkUp = requested.linkUp
  }

  describe(): Record<ControlName, Control> {
    return describeControls(this.#readings())
  }

  linkUp(): boolean {
    return this.#linkUp
  }

  link(): LinkView {
    const requested = this.#shape
    const preset = this.#ports.linkPresets.find((each) => each.up === this.#linkUp && isSameShape(each, requested))
    return { requested, effective: this.#machine === null ? requested : this.#effectiveShape, preset: preset?.name ?? null }
  }

  async attach(machine: Machine): Promise<void> {
    this.#machine = machine
    const requested = this.#requested
    const applyCap = async () => {
      if (this.#ports.cpuCapUnavailable === null) this.#cpuCap = await machine.setCpuCap(requested.cpuCap)
    }
    await Promise.all([this.#applyLink(), applyCap(), this.refresh()]) // switch, kernel and QEMU answer at the same time
    if (requested.memory !== null && this.#ports.balloonUnavailable === null && !hasFollowed(requested.memory, this.#balloon?.actualMiB ?? 0)) {
      await machine.setMemory(requested.memory)
      this.#follow(requested.memory)
    }
  }

  detach(): void {
    this.#machine = null
    this.#balloon = null
    this.#followRun += 1
    this.#following = { status: 'settled', note: null }
  }

  /** Reads the balloon again; called on its events, on meters and while a request is being followed. */
  async refresh(): Promise<BalloonReading | null> {
    const machine = this.#machine
    if (machine === null || this.#ports.balloonUnavailable !== null) return null
    const reading = await machine.balloon()
    const before = this.#balloon
    this.#balloon = reading
    if (before?.actualMiB !== reading.actualMiB) this.#ports.changed()
    return reading
  }

  async apply(change: ControlChange, waitMs: number): Promise<Partial<Record<ControlName, ControlResult>>> {
    this.#check(change)
    const link = this.#linkAfter(change)
    const results: Partial<Record<ControlName, ControlResult>> = {}
    const machine = this.#machine
    this.#requested = {
      cpuCap: change.cpuCap === undefined ? this.#requested.cpuCap : change.cpuCap,
      memory: change.memory ?? this.#requested.memory,
      linkBandwidth: tighterRate(link.shape),
    }
    this.#linkUp = link.up
    this.#shape = link.shape
    this.#ports.persist({ ...this.#requested, linkUp: this.#linkUp, link: this.#shape })
    if (change.linkUp !== undefined || change.linkBandwidth !== undefined || change.link !== undefined) await this.#applyLink()
    if (machine !== null && change.cpuCap !== undefined) this.#cpuCap = await machine.setCpuCap(change.cpuCap)
    if (machine !== null && change.memory !== undefined) {
      await machine.setMemory(change.memory)
      const followed = this.#follow(change.memory)
      if (waitMs > 0) await Promise.race([followed, delay(waitMs)])
      await this.refresh()
    }
    this.#ports.changed()
    const controls = this.describe()
    for (const name of ['cpuCap', 'memory', 'linkBandwidth'] as const) {
      if (change[name] === undefined) continue
      const { requested, effective, status, note } = controls[name]
      results[name] = { requested, effective, status, note }
    }
    return results
  }

  #check(change: ControlChange): void {
    const controls = this.describe()
    for (const name of ['cpuCap', 'memory', 'linkBandwidth'] as const) {
      const value = change[name]
      if (value === undefined) continue
      const fault = valueFault(controls[name], value)
      if (fault === null) continue
      const unavailable = controls[name].applies === 'unavailable'
      throw new Refusal(unavailable ? 'unsupported' : 'out-of-range', this.#ports.guest, fault, unavailable ? undefined : 'choose a value within the range')
    }
  }

  /** The link as it would be after the change. Throws Refusal for a preset that is not known. */
  #linkAfter(change: ControlChange): { up: boolean; shape: LinkShape } {
    const name = change.link?.preset
    const presets = this.#ports.linkPresets
    const preset = presets.find((each) => each.name === name)
    if (name !== undefined && preset === undefined) {
      throw new Refusal('out-of-range', this.#ports.guest, `there is no link preset "${name}"`, `choose one of: ${presets.map((each) => each.name).join(', ')}`)
    }
    const shape = changeShape(this.#shape, { ...change.link, preset, bitsPerSecond: change.linkBandwidth })
    return { up: change.linkUp ?? preset?.up ?? this.#linkUp, shape }
  }

  async #applyLink(): Promise<void> {
    const { up, tx, rx } = await this.#ports.setLink({ up: this.#linkUp, ...this.#shape })
    this.#linkUp = up
    this.#effectiveShape = { tx, rx }
  }

  /** Watches the balloon until it has arrived, or has not moved for a while; a newer request ends an older watch. */
  async #follow(targetMiB: number): Promise<void> {
    this.#followRun += 1
    const run = this.#followRun
    this.#following = { status: 'following', note: null }
    let last = this.#balloon?.actualMiB ?? 0
    let movedAt = this.#ports.nowMs()
    for (;;) {
      const reading = await this.refresh().catch(() => null) // the machine may end meanwhile: detach ends this watch
      if (run !== this.#followRun || this.#machine === null) return
      const actual = reading?.actualMiB ?? last
      if (hasFollowed(targetMiB, actual)) {
        this.#following = { status: 'settled', note: null }
        break
      }
      if (actual !== last) movedAt = this.#ports.nowMs()
      last = actual
      if (this.#ports.nowMs() - movedAt > followPatienceMs) {
        this.#following = { status: 'not-followed', note: `the guest has not followed: it stays at ${Math.round(actual)} MiB` }
        break
      }
      await delay(followPollMs)
    }
    this.#ports.changed()
  }

  #readings(): ControlReadings {
    return {
      running: this.#machine !== null,
      vcpus: this.#ports.vcpus,
      hostCpus: this.#ports.hostCpus,
      bootMemoryMiB: this.#ports.bootMemoryMiB,
      balloon: this.#balloon,
      cpuCapUnavailable: this.#ports.cpuCapUnavailable,
      balloonUnavailable: this.#ports.balloonUnavailable,
      requested: this.#requested,
      effective: { cpuCap: this.#cpuCap, linkBandwidth: tighterRate(this.#effectiveShape) },
      memoryNote: this.#following,
    }
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}
