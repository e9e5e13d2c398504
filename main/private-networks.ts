import { stageNetwork, type GuestName, type NetworkName } from '../src/contract/names.ts'
import type { CardChange, NetworkSummary } from '../src/contract/network.ts'
import { Fault, Refusal, reasonOf } from '../src/contract/refusal.ts'
import type { Machine } from '../src/engine/engine.ts'
import { cardsOf, domainOf, type NetworkCard } from '../src/guest/cards.ts'
import type { GuestDefinition } from '../src/guest/definition.ts'
import { parseSubnet, ipv4Text } from '../src/network/address.ts'
import type { SwitchClient } from '../src/network/client.ts'
import { freeSubnet, type NetworkDefinition } from '../src/network/networks-file.ts'
import type { NetworkStore } from '../src/node/network-store.ts'
import { notFound } from './error-map.ts'
import { useCards } from './live-cards.ts'
import type { NetworkService } from './network-service.ts'

/** A guest as far as its cards go. */
interface CardHolder {
  readonly definition: GuestDefinition
  readonly machine: Machine | null
}

export interface PrivateNetworksPorts {
  readonly store: NetworkStore
  readonly guests: {
    all(): CardHolder[]
    /** Throws NOT_FOUND for an unknown name. */
    get(name: GuestName): CardHolder
    redefine(name: GuestName, change: Pick<GuestDefinition, 'networks'> | Pick<GuestDefinition, 'uplink'>): Promise<void>
  }
  readonly network: Pick<NetworkService, 'cards' | 'definePorts' | 'removeNetwork' | 'addressOf' | 'tell'> & { readonly client: Pick<SwitchClient, 'subnet'> | null }
  message(level: 'info' | 'warning' | 'error', text: string): void
}

const stageSubnetText = '10.77.0.0/24'

/** The private networks and which guests have a card on which. */
export class PrivateNetworks {
  readonly #ports: PrivateNetworksPorts
  #known: readonly NetworkDefinition[] = []

  constructor(ports: PrivateNetworksPorts) {
    this.#ports = ports
  }

  /** Reads networks.yaml; a fault in it is told, and the stage's network is there all the same. */
  load(): void {
    try {
      this.#known = this.#ports.store.load()
    } catch (error) {
      this.#ports.message('error', reasonOf(error))
    }
  }

  list(): NetworkSummary[] {
    const networks = [{ name: stageNetwork, subnet: this.#ports.network.client?.subnet ?? stageSubnetText }, ...this.#known]
    const guests = this.#ports.guests.all()
    return networks.map(({ name, subnet }) => {
      const domain = domainOf(name)
      const on = guests.flatMap(({ definition }) => cardsOf(definition).flatMap((card) => (card.network === name ? [{ definition, card }] : [])))
      return {
        name,
        domain,
        subnet,
        gateway: ipv4Text(parseSubnet(subnet).gateway),
        guests: on.map(({ definition, card }) => ({ guest: definition.name, mac: card.mac, dnsName: `${definition.name}.${domain}`, ipv4: this.#ports.network.addressOf(definition.name, name) })),
      }
    })
  }

  uplinks(): GuestName[] {
    return this.#ports.guests.all().flatMap(({ definition }) => (definition.uplink ? [definition.name] : []))
  }

  /** The subnet of a network that a guest's definition names; one that nobody has made yet is made. */
  async subnetOf(name: NetworkName): Promise<string> {
    const known = this.#known.find((network) => network.name === name)
    if (known !== undefined) return known.subnet
    this.#ports.message('info', `the network ${name} is made, because a guest's definition names it`)
    return (await this.create(name, undefined)).subnet
  }

  /** The same again when it is there. Throws Refusal, or what is wrong with networks.yaml. */
  async create(name: NetworkName, subnet: string | undefined): Promise<NetworkSummary> {
    const wanted = subnet === undefined ? undefined : readSubnet(subnet)
    if (name === stageNetwork && (wanted ?? stageSubnetText) !== stageSubnetText) throw new Refusal('in-use', name, `its subnet is ${stageSubnetText}`)
    if (this.#ports.guests.all().some(({ definition }) => String(definition.name) === name)) {
      throw new Refusal('in-use', name, `a guest has that name, and ${domainOf(name)} is its own`, 'choose another name')
    }
    if (name !== stageNetwork) {
      this.#known = await this.#change((before) => {
        const known = before.find((network) => network.name === name)
        if (known !== undefined && (wanted === undefined || wanted === known.subnet)) return before
        if (known !== undefined) throw new Refusal('already-exists', name, `it has the subnet ${known.subnet}`, `delete it first: diptych network delete ${name}`)
        return [...before, { name, subnet: choose(wanted, [{ name: stageNetwork, subnet: stageSubnetText }, ...before]) }]
      })
      this.#ports.network.tell()
    }
    return this.#get(name)
  }

  async delete(name: NetworkName): Promise<NetworkSummary> {
    const found = this.#get(name)
    if (name === stageNetwork) throw new Refusal('in-use', name, 'it is the network of the stage and always there', 'a guest need not be on it: diptych network disconnect GUEST stage')
    const users = this.#ports.guests.all().filter((guest) => isOn(cardsOf(guest.definition), name) || this.#isConnected(guest, name))
    const [user] = users
    if (user !== undefined) {
      const { definition } = user
      const stays = !isOn(cardsOf(definition), name)
      throw new Refusal('in-use', name, `${definition.name} is on it${stays ? ' until it stops' : ''}`, stays ? `stop it: diptych stop ${definition.name}` : `take it off: diptych network disconnect ${definition.name} ${name}`)
    }
    await this.#ports.network.removeNetwork(name)
    this.#known = await this.#change((before) => before.filter((network) => network.name !== name))
    this.#ports.network.tell()
    return found
  }

  async connect(guest: GuestName, network: NetworkName): Promise<CardChange> {
    this.#get(network)
    const { definition } = this.#ports.guests.get(guest)
    const now = namesOf(definition)
    if (now.includes(network)) return this.#settle(guest, 'already')
    if (now.length >= 8) throw new Refusal('out-of-range', guest, 'it is on eight networks, and has room for no more')
    return this.#redefine(guest, { networks: [...(definition.networks ?? [stageNetwork]), network] })
  }

  async disconnect(guest: GuestName, network: NetworkName): Promise<CardChange> {
    this.#get(network)
    const { definition } = this.#ports.guests.get(guest)
    if (!namesOf(definition).includes(network)) return this.#settle(guest, 'already')
    return this.#redefine(guest, { networks: (definition.networks ?? [stageNetwork]).filter((entry) => (typeof entry === 'object' ? entry.name : entry) !== network) })
  }

  async setUplink(guest: GuestName, on: boolean): Promise<CardChange> {
    if (this.#ports.guests.get(guest).definition.uplink === on) return this.#settle(guest, 'already')
    return this.#redefine(guest, { uplink: on })
  }

  async #redefine(guest: GuestName, change: Pick<GuestDefinition, 'networks'> | Pick<GuestDefinition, 'uplink'>): Promise<CardChange> {
    await this.#ports.guests.redefine(guest, change)
    const { definition, machine } = this.#ports.guests.get(guest)
    const isInForce = machine === null || (await useCards(definition, machine, this.#ports.network))
    this.#ports.network.tell()
    return this.#settle(guest, isInForce ? 'now' : 'next-start')
  }

  #settle(guest: GuestName, applies: CardChange['applies']): CardChange {
    return { guest, applies, networks: this.list() }
  }

  /** A running machine is connected to it, whatever the definition says by now. */
  #isConnected({ definition, machine }: CardHolder, name: NetworkName): boolean {
    return machine !== null && isOn(this.#ports.network.cards(definition.name), name)
  }

  #get(name: NetworkName): NetworkSummary {
    const networks = this.list()
    const found = networks.find((network) => network.name === name)
    if (found === undefined) throw notFound('network', name, networks.map((network) => network.name))
    return found
  }

  #change(change: (networks: readonly NetworkDefinition[]) => readonly NetworkDefinition[]): Promise<readonly NetworkDefinition[]> {
    return this.#ports.store.change(change).catch((error: unknown) => {
      if (error instanceof Refusal) throw error
      throw new Fault('networks', reasonOf(error), { cause: error, remedy: 'correct networks.yaml in the data directory, or move it away' })
    })
  }
}

function isOn(cards: readonly NetworkCard[], name: NetworkName): boolean {
  return cards.some((card) => card.network === name)
}

function namesOf(definition: GuestDefinition): NetworkName[] {
  return cardsOf(definition).map((card) => card.network)
}

function readSubnet(text: string): string {
  try {
    return parseSubnet(text).text
  } catch (error) {
    throw new Refusal('out-of-range', text, reasonOf(error), 'write a private subnet like 10.80.0.0/24, or leave it out')
  }
}

function choose(wanted: string | undefined, taken: readonly NetworkDefinition[]): string {
  if (wanted === undefined) {
    const free = freeSubnet(taken.map((network) => network.subnet))
    if (free === null) throw new Refusal('out-of-range', 'subnet', 'every subnet from 10.78.0.0/24 to 10.127.0.0/24 is taken', 'name one yourself with --subnet')
    return free
  }
  const [mine, other] = [parseSubnet(wanted), taken.find(({ subnet }) => overlaps(wanted, subnet))]
  if (other !== undefined) throw new Refusal('in-use', mine.text, `it overlaps ${other.subnet} of the network ${other.name}`, 'choose another, or leave it out')
  return mine.text
}

function overlaps(left: string, right: string): boolean {
  const [a, b] = [parseSubnet(left), parseSubnet(right)]
  return a.network <= b.broadcast && b.network <= a.broadcast
}
