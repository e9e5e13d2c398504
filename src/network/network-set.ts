import { stageNetwork, type GuestName, type NetworkName } from '../contract/names.ts'
import type { HttpLine, PortMeter } from '../contract/network.ts'
import type { Subnet } from './address.ts'
import type { ControlError, NetworkInfo, PortReport } from './control-protocol.ts'
import type { DnsZone } from './dns.ts'
import type { VirtualSwitch } from './virtual-switch.ts'

/**
 * The networks of one switch process. Each is a switch of its own with its own ports, addresses and gateway; nothing
 * here hands a frame of one to another. What they share is a resolver's knowledge: a guest on several networks may ask
 * any of their gateways for the names of all of them.
 */
export class NetworkSet {
  readonly #networks = new Map<NetworkName, VirtualSwitch>()

  add(network: VirtualSwitch): void {
    this.#networks.set(network.info.name, network)
  }

  get(name: NetworkName): VirtualSwitch | undefined {
    return this.#networks.get(name)
  }

  all(): VirtualSwitch[] {
    return [...this.#networks.values()]
  }

  infos(): NetworkInfo[] {
    return this.all().map((network) => network.info)
  }

  /** Why a network of this name and subnet cannot be added; null when it can. */
  refusalOf(name: NetworkName, subnet: Subnet): ControlError | null {
    for (const { info, subnet: other } of this.all()) {
      if (info.name === name) return { code: 'in-use', message: `the network ${name} has the subnet ${info.subnet}: remove it first, or leave ${subnet.text}` }
      if (subnet.network <= other.broadcast && other.network <= subnet.broadcast) return { code: 'in-use', message: `the subnet ${subnet.text} overlaps ${other.text} of the network ${info.name}: choose another` }
    }
    return null
  }

  /** Takes a network away that has no ports. */
  remove(name: NetworkName): ControlError | null {
    const network = this.#networks.get(name)
    if (network === undefined) return notDefined(name)
    if (name === stageNetwork) return { code: 'in-use', message: 'the network of the stage cannot be removed' }
    const [guest] = network.fabric.ports.keys()
    if (guest !== undefined) return { code: 'in-use', message: `${guest} is on the network ${name}: disconnect it first` }
    this.#networks.delete(name)
    return null
  }

  /** The zones of the networks other than `but` that this guest is on. */
  zonesOf(guest: GuestName, but: NetworkName): DnsZone[] {
    return this.all().flatMap((network) => (network.info.name !== but && network.fabric.ports.has(guest) ? [network.zone] : []))
  }

  ports(): PortReport[] {
    return this.all().flatMap((network) => network.ports())
  }

  /** The newest lines of all networks, oldest first. */
  lines(limit: number): HttpLine[] {
    return this.all()
      .flatMap((network) => network.http.lines(limit))
      .sort((left, right) => left.sequence - right.sequence)
      .slice(-limit)
  }

  /** Reads all meters; call it at 4 Hz. */
  tick(): PortMeter[] {
    return this.all().flatMap((network) => network.tick())
  }

  /** Lets the shaped frames go that are due. */
  release(): void {
    for (const network of this.#networks.values()) network.fabric.release()
  }
}

export function notDefined(name: NetworkName): ControlError {
  return { code: 'not-found', message: `there is no network ${name}: create it with diptych network create ${name}` }
}
