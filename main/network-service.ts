import { unshaped, type LinkPreset, type LinkShape } from '../src/contract/link.ts'
import { stageNetwork, type GuestName, type NetworkName } from '../src/contract/names.ts'
import type { CaptureView, HttpLine, NetworkEvent, NetworkReport, NetworkSummary, NetworkView, PortMeter, Publication } from '../src/contract/network.ts'
import { reasonOf, Refusal } from '../src/contract/refusal.ts'
import type { NetworkCard } from '../src/guest/cards.ts'
import type { PortLease, SwitchClient, SwitchEvent } from '../src/network/client.ts'
import { LINK_PRESETS } from '../src/network/link-presets.ts'
import { Publisher } from '../src/publisher.ts'
import type { Progress } from './task-service.ts'

export interface NetworkServicePorts {
  /** Starts the switch process, or finds the running one. */
  connect(): Promise<SwitchClient>
  /** The switch running already, or null. */
  find(): Promise<SwitchClient | null>
  addressSeen(guest: GuestName, ipv4: string | null): void
  requestSeen(line: HttpLine): void
  /** A new switch process took the place of one that died: running guests have to connect again. */
  replaced(): Promise<void>
  publications(): Publication[]
  captures(): CaptureView[]
  /** Which networks there are, and who is on them. */
  networks(): { list(): NetworkSummary[]; uplinks(): GuestName[]; subnetOf(network: NetworkName): Promise<string> }
  message(level: 'info' | 'warning' | 'error', text: string): void
}

/** What one guest has on the networks. */
interface Connected {
  cards: readonly NetworkCard[]
  uplink: boolean
  link: LinkShape & { up: boolean }
  /** Its address on each network, once it uses it. */
  readonly addresses: Map<NetworkName, string>
}

const firstPauseMs = 1_000
const longestPauseMs = 60_000

const plain = { up: true, tx: unshaped, rx: unshaped }

/** The links to choose from, as the contract shows them. */
export const linkPresets: readonly LinkPreset[] = Object.entries(LINK_PRESETS).map(([name, preset]) => ({ name, ...preset }))

/**
 * The host's side of the private networks: one switch process, found or started on demand, its networks and ports kept
 * defined across a restart of the switch. Owns the SwitchClient; publishes meters and requests.
 */
export class NetworkService {
  readonly #ports: NetworkServicePorts
  readonly #connected = new Map<GuestName, Connected>()
  readonly publisher = new Publisher<NetworkEvent>(512)
  #client: Promise<SwitchClient> | null = null
  #live: SwitchClient | null = null
  /** The one that ran already when this host began. */
  #found: SwitchClient | null = null
  #reason: string | null = 'the network has not been started yet'
  #meters: PortMeter[] = []
  #disposed = false
  /** The one that ends because it was asked to make room for another, and that other's coming. */
  #outgoing: SwitchClient | null = null
  #replacement: Promise<void> = Promise.resolve()
  /** How often the switch was lost or stopped: what began before the last time is over. */
  #losses = 0

  constructor(ports: NetworkServicePorts) {
    this.#ports = ports
  }

  get client(): SwitchClient | null {
    return this.#live
  }

  /** The switch was started after the guests that an earlier host left running: their cards lead nowhere. */
  get isNewer(): boolean {
    return this.#live !== null && this.#live !== this.#found
  }

  /** Takes over a running switch, if there is one. */
  async adopt(): Promise<void> {
    const found = await this.#ports.find()
    if (found === null) return
    this.#found = found
    this.#client = Promise.resolve(this.#use(found))
  }

  start(): Promise<SwitchClient> {
    this.#client ??= this.#ports.connect().then(
      (client) => this.#use(client),
      (error: unknown) => {
        this.#client = null
        this.#reason = reasonOf(error)
        throw error
      },
    )
    return this.#client
  }

  /**
   * Makes a port for every card of the guest, and none elsewhere. Returns where each card is to connect. A guest's link
   * settings hold on all of them.
   */
  async definePorts(guest: GuestName, cards: readonly NetworkCard[], uplink: boolean): Promise<(network: NetworkName) => string> {
    const client = await this.start()
    const before = this.#connected.get(guest)
    const connected: Connected = { cards, uplink, link: before?.link ?? plain, addresses: new Map() }
    this.#connected.set(guest, connected)
    const leases = await this.#define(client, guest, connected).catch((error: unknown) => {
      if (before === undefined) this.#connected.delete(guest)
      else this.#connected.set(guest, before)
      throw error
    })
    const gone = (before?.cards ?? []).filter((card) => !cards.some((each) => each.network === card.network))
    for (const { network } of gone) await client.removePort(guest, network).catch(() => undefined) // a switch started since never had it
    return (network) => leases.find((lease) => lease.network === network)?.socketPath ?? ''
  }

  /** Takes away every port of a guest that is gone, or has another name now. */
  async forget(guest: GuestName): Promise<void> {
    const cards = this.#connected.get(guest)?.cards ?? []
    this.#connected.delete(guest)
    for (const { network } of cards) await this.#live?.removePort(guest, network).catch(() => undefined) // a switch started since never had it
  }

  /** Returns what is in force; what was asked while the guest has no port. */
  async setLink(guest: GuestName, link: LinkShape & { up: boolean }): Promise<LinkShape & { up: boolean }> {
    const connected = this.#connected.get(guest)
    if (connected === undefined) {
      this.#connected.set(guest, { cards: [], uplink: false, link, addresses: new Map() })
      return link
    }
    connected.link = link
    const client = this.#live
    if (client === null) return link
    const [first] = await Promise.all(connected.cards.map(({ network }) => client.setLink(guest, link, network)))
    if (first === undefined) return link
    const { up, tx = link.tx, rx = link.rx } = first
    return { up, tx, rx }
  }

  /** Forgets a network nobody is on any more; the ports that stopped guests have left there go with it. */
  async removeNetwork(name: NetworkName): Promise<void> {
    for (const [guest, connected] of this.#connected) {
      if (!connected.cards.some((card) => card.network === name)) continue
      connected.cards = connected.cards.filter((card) => card.network !== name)
      await this.#live?.removePort(guest, name)
    }
    const known = (await this.#live?.networks()) ?? []
    if (known.some((network) => network.name === name)) await this.#live?.removeNetwork(name)
  }

  /** The cards that have a port now. */
  cards(guest: GuestName): readonly NetworkCard[] {
    return this.#connected.get(guest)?.cards ?? []
  }

  /** The address a guest was heard to use on a network. */
  addressOf(guest: GuestName, network: NetworkName): string | null {
    return this.#connected.get(guest)?.addresses.get(network) ?? null
  }

  view(): NetworkView {
    const client = this.#live
    return {
      running: client !== null,
      reason: client === null ? this.#reason : null,
      domain: client?.domain ?? '',
      subnet: client?.subnet ?? '',
      gateway: client?.gateway ?? '',
      ports: this.#meters,
      networks: this.#ports.networks().list(),
      uplinks: this.#ports.networks().uplinks(),
      publications: this.#ports.publications(),
      captures: this.#ports.captures(),
    }
  }

  /** The view, and what the switch has counted. */
  async report(): Promise<NetworkReport> {
    const counted = await this.#live?.statistics()
    if (counted === undefined) return { ...this.view(), statistics: null }
    const { strays, httpSampledOut, residentMiB } = counted
    const ports = counted.ports.map(({ network, guest, drops, backlogBytes, heldBytes }) => ({ network, guest, drops: occurred(drops), backlogBytes, heldBytes }))
    return { ...this.view(), statistics: { ports, strays: occurred(strays), httpSampledOut, residentMiB } }
  }

  async requests(limit: number): Promise<HttpLine[]> {
    return (await this.#live?.requests(limit)) ?? []
  }

  async stop(): Promise<void> {
    const client = this.#live
    this.#live = null
    this.#client = null
    this.#losses += 1
    this.#connected.clear()
    this.#meters = []
    this.#reason = 'the network is stopped'
    await client?.shutdown()
    this.#publishMeters()
  }

  /**
   * Puts a new switch in the place of this one, at the same sockets and with the same leases; resolves when the guests that run
   * are connected to it. Until then they hear nothing of each other.
   */
  async restart(progress: Progress): Promise<NetworkReport> {
    const client = this.#live
    if (client === null) throw new Refusal('wrong-state', 'the network', `it does not run (${this.#reason})`, 'start a guest: the network comes with it')
    this.#outgoing = client
    progress('ending the switch')
    await client.shutdown()
    progress('starting it anew and connecting the guests')
    await this.#replacement
    return await this.report()
  }

  dispose(): void {
    this.#disposed = true
    this.#live?.dispose()
  }

  #use(client: SwitchClient): SwitchClient {
    this.#live = client
    this.#reason = null
    client.subscribe((event) => this.#heard(client, event))
    return client
  }

  #heard(client: SwitchClient, event: SwitchEvent): void {
    if (client !== this.#live) return
    switch (event.type) {
      case 'meters':
        this.#meters = event.meters
        this.#publishMeters()
        break
      case 'request':
        this.publisher.publish({ type: 'request', line: event.line })
        this.#ports.requestSeen(event.line)
        break
      case 'lease':
        this.#leased(event.lease)
        break
      case 'port':
        break
      case 'closed':
        this.#replacement = this.#replace(event.reason, client !== this.#outgoing)
        break
    }
  }

  async #define(client: SwitchClient, guest: GuestName, { cards, uplink, link }: Connected): Promise<PortLease[]> {
    const leases: PortLease[] = []
    for (const { network, mac, mtu } of cards) {
      if (network !== stageNetwork) await client.createNetwork(network, await this.#ports.networks().subnetOf(network))
      const lease = await client.definePort({ network, guest, mac, uplink, ...(mtu === undefined ? {} : { mtu }) })
      if (link !== plain) await client.setLink(guest, link, network)
      leases.push(lease)
    }
    for (const lease of leases) if (lease.bound) this.#leased(lease)
    return leases
  }

  /** The guest took its address on a network, or gave it back; its first card's is the one it is known by. */
  #leased({ guest, network, bound, ipv4 }: PortLease): void {
    const connected = this.#connected.get(guest)
    if (bound) connected?.addresses.set(network, ipv4)
    else connected?.addresses.delete(network)
    const first = connected?.cards[0]?.network ?? stageNetwork
    if (network === first) this.#ports.addressSeen(guest, bound ? ipv4 : null)
  }

  /** Tells watchers the view again: something in it changed outside the switch. */
  tell(): void {
    this.#publishMeters()
  }

  #publishMeters(): void {
    this.publisher.publish({ type: 'meters', at: new Date().toISOString(), network: this.view() }, 'meters')
  }

  /** Tries until there is a switch again, for as long as nobody stops the network: guests that run have no other way back to theirs. */
  async #replace(reason: string, isFault: boolean): Promise<void> {
    this.#live = null
    this.#client = null
    this.#meters = []
    this.#reason = reason
    this.#losses += 1
    const loss = this.#losses
    const isOver = () => this.#disposed || this.#losses !== loss
    if (isOver()) return
    if (isFault) this.#ports.message('warning', `the switch ended (${reason}); starting it again`)
    for (let pauseMs = firstPauseMs, failed = false; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      try {
        const client = await this.start()
        if (isOver()) return
        await this.#defineAll(client)
        await this.#ports.replaced()
        if (!isOver()) this.#ports.message('info', 'the network is back')
        return
      } catch (error) {
        if (isOver()) return
        if (!failed) this.#ports.message('error', `the network could not be started again: ${reasonOf(error)}; it is tried again until it can`)
        failed = true
      }
      await new Promise<void>((resolve) => void setTimeout(resolve, pauseMs).unref())
      if (isOver()) return
    }
  }

  /** One guest that can have no port does not keep the others from theirs. */
  async #defineAll(client: SwitchClient): Promise<void> {
    for (const [guest, connected] of this.#connected) {
      try {
        await this.#define(client, guest, connected)
      } catch (error) {
        if (client !== this.#live) throw error
        this.#ports.message('error', `${guest} is off the network: ${reasonOf(error)}`)
      }
    }
  }
}

function occurred(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}
