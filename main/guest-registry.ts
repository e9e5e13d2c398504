import { join } from 'node:path'
import type { GuestEvent, GuestState } from '../src/contract/guest.ts'
import type { Message } from '../src/contract/host.ts'
import type { GuestName } from '../src/contract/names.ts'
import { reasonOf } from '../src/contract/refusal.ts'
import type { EngineDescription, Machine, MachineStatus } from '../src/engine/engine.ts'
import { cardsOf } from '../src/guest/cards.ts'
import type { GuestDefinition } from '../src/guest/definition.ts'
import { GuestOwner } from '../src/guest/owner.ts'
import type { GuestStore, UnusableGuest } from '../src/node/guest-store.ts'
import type { QemuEngine } from '../src/node/qemu/engine.ts'
import { isSuspended } from '../src/node/guest-state/suspended.ts'
import { Publisher } from '../src/publisher.ts'
import { SliderControls } from '../src/resource/guest-controls.ts'
import type { Room } from '../src/resource/readings.ts'
import { awaken } from './awaken.ts'
import { notFound } from './error-map.ts'
import type { MeteredGuest } from './meters.ts'
import { limitsOf, startedWith } from './guest-limits.ts'
import { type NetworkService, linkPresets } from './network-service.ts'
import { type Preparation, prepareBegin, specify } from './prepare.ts'

export interface RegistryPorts {
  readonly store: GuestStore
  readonly engine: QemuEngine
  readonly network: NetworkService
  /** null while the engine cannot be used. */
  description(): EngineDescription | null
  preparation(): Preparation
  /** A guest went into another state. */
  stateChanged(name: GuestName, state: GuestState): void
  message(level: Message['level'], guest: GuestName | null, text: string): void
  /** What a guest may be promised beside the others. */
  room(name: GuestName): Room | null
  /** Something was done to the guest because of a rule. */
  activity(name: GuestName, rule: string | null, text: string): void
}

/** The guests of this host: one owner each, with its sliders. Owns them; publishes what becomes of them. */
export class GuestRegistry {
  readonly events = new Publisher<GuestEvent>()
  readonly #ports: RegistryPorts
  readonly #owners = new Map<GuestName, GuestOwner>()
  readonly #controls = new Map<GuestName, SliderControls>()
  readonly #lastStates = new Map<GuestName, GuestState>()
  #unusable: UnusableGuest[] = []

  constructor(ports: RegistryPorts) {
    this.#ports = ports
  }

  /** Guest directories that were left out, with the reason. */
  get unusable(): readonly UnusableGuest[] {
    return this.#unusable
  }

  /** Reads every guest on disk. */
  load(): void {
    const { guests, unusable } = this.#ports.store.load()
    this.#unusable = unusable
    for (const guest of unusable) this.#ports.message('error', null, `guest "${guest.name}" is left out: ${guest.reason}`)
    for (const definition of guests) this.#add(definition)
  }

  /** Writes a new guest to disk and takes it in. The caller has made sure that the name is free. */
  async create(definition: GuestDefinition): Promise<GuestOwner> {
    await this.#ports.store.create(definition)
    return this.add(definition)
  }

  /** Takes in a guest that is on disk already, and says so. */
  add(definition: GuestDefinition): GuestOwner {
    const owner = this.#add(definition)
    owner.publish()
    return owner
  }

  /** Lets go of a guest that does not run; what is on disk is the caller's business. */
  remove(name: GuestName): void {
    this.#owners.get(name)?.dispose()
    this.#owners.delete(name)
    this.#controls.delete(name)
    this.#lastStates.delete(name)
    this.events.publish({ type: 'removed', name }, name)
  }

  /** Takes over a machine that an earlier host left running. One without a definition is left alone. */
  async adopt(name: GuestName, machine: Machine, status: MachineStatus): Promise<void> {
    const { network, message } = this.#ports
    const owner = this.#owners.get(name)
    if (owner === undefined) {
      message('warning', null, `a guest "${name}" runs (process ${machine.processId}) but has no definition here; it is left alone`)
      machine.dispose()
      return
    }
    // What it was started or plugged with, less what was taken from it since.
    const { spec } = machine
    const cards = cardsOf(owner.definition).filter((card) => spec.nics.some((nic) => nic.kind === 'switch' && nic.network === card.network))
    if (cards.length > 0) {
      await network.definePorts(name, cards, owner.definition.uplink && spec.nics.some((nic) => nic.kind === 'uplink')).catch((error: unknown) => message('warning', name, `its ports could not be defined: ${reasonOf(error)}`))
    }
    await owner.adopt(machine, status)
    if (network.isNewer) await this.#reconnect(name, machine)
    message('info', name, 'found running and taken over as it is')
  }

  /** Writes a change of single settings into guest.yaml and takes it into the definition; a run under way is not changed by it. */
  async redefine(name: GuestName, change: Partial<GuestDefinition>): Promise<void> {
    const owner = this.get(name)
    await this.#ports.store.edit(
      name,
      Object.entries(change).map(([key, value]) => ({ path: [key], value })),
    )
    owner.redefine(change)
  }

  /** Lets every running guest's cards find the switch again. */
  async reconnectNetworks(): Promise<void> {
    await Promise.all(this.all().map(({ definition, machine }) => machine !== null && this.#reconnect(definition.name, machine)))
  }

  async #reconnect(name: GuestName, machine: Machine): Promise<void> {
    const { message, network } = this.#ports
    await machine.reconnectNetwork(network.cards(name).map((card) => card.network)).catch((error: unknown) => message('error', name, `its link could not be remade: ${reasonOf(error)}`))
  }

  /** Ends what a killed host began with the guests' disks. Once, after the adoptions. */
  settleDisks(): void {
    for (const { definition } of this.all()) {
      const { name } = definition
      try {
        for (const done of this.#ports.engine.settleDisk(name, join(this.#ports.store.directory(name), 'disk.qcow2'))) this.#ports.message('warning', name, done)
      } catch (error) {
        this.#ports.message('error', name, `what a start that was cut short left of its disk could not be put in order: ${reasonOf(error)}`)
      }
    }
  }

  find(name: GuestName): GuestOwner | undefined {
    return this.#owners.get(name)
  }

  /** Rejects with NOT_FOUND, naming the guests there are. */
  get(name: GuestName): GuestOwner {
    const owner = this.#owners.get(name)
    if (owner === undefined) throw notFound('guest', name, [...this.#owners.keys()])
    return owner
  }

  all(): GuestOwner[] {
    return [...this.#owners.values()]
  }

  isUp(name: GuestName): boolean {
    return ['running', 'paused'].includes(this.#owners.get(name)?.state ?? 'stopped')
  }

  controls(name: GuestName): SliderControls {
    const controls = this.#controls.get(name)
    if (controls === undefined) throw notFound('guest', name, [...this.#owners.keys()])
    return controls
  }

  metered(): MeteredGuest[] {
    return this.all().flatMap((owner) => {
      const { machine, definition } = owner
      const controls = this.#controls.get(definition.name)
      if (machine === null || controls === undefined) return []
      return [{ name: definition.name, machine, controls }]
    })
  }

  dispose(): void {
    for (const owner of this.#owners.values()) owner.dispose()
  }

  #add(definition: GuestDefinition): GuestOwner {
    const { name } = definition
    const controls = this.#makeControls(definition)
    const { engine, message } = this.#ports
    const owner = new GuestOwner(definition, {
      controls,
      prepare: async (current, boot, signal) => {
        const socketPathOf = await this.#ports.network.definePorts(name, cardsOf(current), current.uplink)
        const spec = startedWith(await specify(this.#ports.preparation(), current, socketPathOf), current, controls.vcpusAsked())
        return { spec, ...(await prepareBegin(this.#ports.preparation(), current, spec, boot, signal)) }
      },
      startMachine: (spec, options) => engine.start(spec, options),
      isSuspended: () => isSuspended(this.#ports.store.directory(name)),
      awaken: (machine) => awaken(machine, name),
      published: (guest) => {
        this.events.publish({ type: 'changed', guest }, name)
        if (this.#lastStates.get(name) === guest.view.state) return
        this.#lastStates.set(name, guest.view.state)
        this.#ports.stateChanged(name, guest.view.state)
      },
      message: (level, text) => message(level, name, text),
      saveClipboard: (mode) => void this.#keep(name, [{ path: ['clipboard'], value: mode }]),
      nowMs: () => Date.now(),
    })
    this.#controls.set(name, controls)
    this.#owners.set(name, owner)
    return owner
  }

  #makeControls(definition: GuestDefinition): SliderControls {
    const { name } = definition
    return new SliderControls(
      {
        guest: name,
        limits: () => limitsOf(this.#owners.get(name)?.definition ?? definition, this.#ports.description(), this.#owners.get(name)?.machine?.spec),
        room: () => this.#ports.room(name),
        linkPresets,
        setLink: (link) => this.#ports.network.setLink(name, link),
        persist: (values) =>
          this.#keep(
            name,
            Object.entries(values).map(([key, value]) => ({ path: ['controls', key], value })),
          ),
        changed: () => this.#owners.get(name)?.publish(),
        relieved: (text) => this.#ports.activity(name, 'memory.guard', text),
        nowMs: () => Date.now(),
      },
      definition.controls,
    )
  }

  #keep(name: GuestName, changes: Parameters<GuestStore['edit']>[1]): Promise<void> {
    return this.#ports.store.edit(name, changes).catch((error: unknown) => this.#ports.message('warning', name, `settings could not be written: ${reasonOf(error)}`))
  }
}
