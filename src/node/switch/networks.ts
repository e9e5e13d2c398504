import { stageNetwork, type GuestName, type NetworkName } from '../../contract/names.ts'
import { parseSubnet, type Subnet } from '../../network/address.ts'
import type { ControlEvent } from '../../network/control-protocol.ts'
import type { DnsUpstream } from '../../network/dns-responder.ts'
import { NetworkSet } from '../../network/network-set.ts'
import type { ReadBuffers } from '../../network/read-buffers.ts'
import { VirtualSwitch } from '../../network/virtual-switch.ts'
import type { ControlOutcome } from './control-server.ts'
import { DnsPacketCodec } from './dns-codec.ts'
import { LeaseFile, LeaseFileUnreadable } from './lease-file.ts'

export interface NetworksOptions {
  readonly state: string
  readonly domain: string
  readonly upstream: DnsUpstream | null
  readonly buffers: ReadBuffers
  socketPathOf(network: NetworkName, guest: GuestName): string
  wakeAt(atMs: number): void
  event(event: ControlEvent): void
}

/** The networks of this process and the files their leases are kept in. */
export class Networks {
  readonly set = new NetworkSet()
  readonly #files = new Map<NetworkName, LeaseFile>()
  readonly #options: NetworksOptions
  #sequence = 0
  #making: Promise<unknown> = Promise.resolve()

  constructor(options: NetworksOptions) {
    this.#options = options
  }

  /** Answers the network that is there already when its subnet is the same. One is made after the other. */
  create(name: NetworkName, subnetText: string): Promise<ControlOutcome> {
    const made = this.#making.then(() => this.#create(name, subnetText))
    this.#making = made.catch(() => undefined) // whoever asked is told
    return made
  }

  /** Makes a network with its leases as they were. Rejects with LeaseFileUnreadable. */
  async open(name: NetworkName, subnet: Subnet): Promise<VirtualSwitch> {
    const { state, domain, upstream, buffers, socketPathOf, wakeAt, event } = this.#options
    const file = new LeaseFile(state, name)
    const network = new VirtualSwitch({
      name,
      subnet,
      domain: name === stageNetwork ? domain : `${name}.${domain}`,
      apex: domain,
      codec: new DnsPacketCodec(),
      leases: await file.read(),
      now: () => performance.now(),
      wallClock: Date.now,
      random: Math.random,
      buffers,
      wakeAt,
      saveLeases: (document) => file.save(document),
      event,
      otherZones: (guest) => this.set.zonesOf(guest, name),
      upstream,
      socketPathOf: (guest) => socketPathOf(name, guest),
      nextSequence: () => ++this.#sequence,
    })
    this.#files.set(name, file)
    this.set.add(network)
    return network
  }

  /** Resolves when all leases are on disk; rejects when a last write failed. */
  async written(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.written()))
  }

  async #create(name: NetworkName, subnetText: string): Promise<ControlOutcome> {
    let subnet: Subnet
    try {
      subnet = parseSubnet(subnetText)
    } catch (error) {
      return { error: { code: 'bad-request', message: error instanceof Error ? error.message : String(error) } }
    }
    const there = this.set.get(name)
    if (there?.info.subnet === subnet.text) return { result: there.info }
    const refusal = this.set.refusalOf(name, subnet)
    if (refusal !== null) return { error: refusal }
    try {
      return { result: (await this.open(name, subnet)).info }
    } catch (error) {
      if (error instanceof LeaseFileUnreadable) return { error: { code: 'bad-request', message: error.message } }
      throw error
    }
  }
}
