import { unshaped, type LinkPreset, type LinkShape } from '../src/contract/link.ts'
import type { GuestName, MacAddress } from '../src/contract/names.ts'
import type { CaptureView, HttpLine, NetworkEvent, NetworkReport, NetworkView, PortMeter, Publication } from '../src/contract/network.ts'
import { reasonOf } from '../src/contract/refusal.ts'
import type { SwitchClient, SwitchEvent } from '../src/network/client.ts'
import { LINK_PRESETS } from '../src/network/link-presets.ts'
import { Publisher } from '../src/publisher.ts'

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
  message(level: 'info' | 'warning' | 'error', text: string): void
}

interface DefinedPort {
  readonly mac: MacAddress
  link: LinkShape & { up: boolean }
}

const plain = { up: true, tx: unshaped, rx: unshaped }

/** The links to choose from, as the contract shows them. */
export const linkPresets: readonly LinkPreset[] = Object.entries(LINK_PRESETS).map(([name, preset]) => ({ name, ...preset }))

/**
 * The host's side of the stage's network: one switch process, found or started on demand, its ports kept defined
 * across a restart of the switch. Owns the SwitchClient; publishes meters and requests.
 */
export class NetworkService {
  readonly #ports: NetworkServicePorts
  readonly #defined = new Map<GuestName, DefinedPort>()
  readonly publisher = new Publisher<NetworkEvent>(512)
  #client: Promise<SwitchClient> | null = null
  #live: SwitchClient | null = null
  #reason: string | null = 'the network has not been started yet'
  #meters: PortMeter[] = []
  #disposed = false

  constructor(ports: NetworkServicePorts) {
    this.#ports = ports
  }

  get client(): SwitchClient | null {
    return this.#live
  }

  /** Takes over a running switch, if there is one. */
  async adopt(): Promise<void> {
    const found = await this.#ports.find()
    if (found !== null) this.#client = Promise.resolve(this.#use(found))
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

  async definePort(guest: GuestName, mac: MacAddress): Promise<SwitchClient> {
    const client = await this.start()
    const lease = await client.definePort({ guest, mac })
    if (!this.#defined.has(guest)) this.#defined.set(guest, { mac, link: plain })
    if (lease.bound) this.#ports.addressSeen(guest, lease.ipv4)
    return client
  }

  /** Returns what is in force; what was asked while the switch is not running. */
  async setLink(guest: GuestName, mac: MacAddress, link: LinkShape & { up: boolean }): Promise<LinkShape & { up: boolean }> {
    const isDefined = this.#defined.has(guest)
    this.#defined.set(guest, { mac, link })
    if (this.#live === null) return link
    if (!isDefined) await this.#live.definePort({ guest, mac })
    const { up, tx = link.tx, rx = link.rx } = await this.#live.setLink(guest, link)
    return { up, tx, rx }
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
      publications: this.#ports.publications(),
      captures: this.#ports.captures(),
    }
  }

  /** The view, and what the switch has counted. */
  async report(): Promise<NetworkReport> {
    const counted = await this.#live?.statistics()
    if (counted === undefined) return { ...this.view(), statistics: null }
    const { strays, httpSampledOut, residentMiB } = counted
    const ports = counted.ports.map(({ guest, drops, backlogBytes, heldBytes }) => ({ guest, drops: occurred(drops), backlogBytes, heldBytes }))
    return { ...this.view(), statistics: { ports, strays: occurred(strays), httpSampledOut, residentMiB } }
  }

  async requests(limit: number): Promise<HttpLine[]> {
    return (await this.#live?.requests(limit)) ?? []
  }

  async stop(): Promise<void> {
    const client = this.#live
    this.#live = null
    this.#client = null
    this.#defined.clear()
    this.#meters = []
    this.#reason = 'the network is stopped'
    await client?.shutdown()
    this.#publishMeters()
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
        this.#ports.addressSeen(event.lease.guest, event.lease.bound ? event.lease.ipv4 : null)
        break
      case 'port':
        break
      case 'closed':
        void this.#replace(event.reason)
        break
    }
  }

  /** Tells watchers the view again: something in it changed outside the switch. */
  tell(): void {
    this.#publishMeters()
  }

  #publishMeters(): void {
    this.publisher.publish({ type: 'meters', at: new Date().toISOString(), network: this.view() }, 'meters')
  }

  async #replace(reason: string): Promise<void> {
    this.#live = null
    this.#client = null
    this.#meters = []
    this.#reason = reason
    if (this.#disposed) return
    this.#ports.message('warning', `the switch ended (${reason}); starting it again`)
    try {
      const client = await this.start()
      for (const [guest, port] of this.#defined) {
        await client.definePort({ guest, mac: port.mac })
        await client.setLink(guest, port.link)
      }
      await this.#ports.replaced()
      this.#ports.message('info', 'the network is back')
    } catch (error) {
      this.#ports.message('error', `the network could not be started again: ${reasonOf(error)}`)
    }
  }
}

function occurred(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}
