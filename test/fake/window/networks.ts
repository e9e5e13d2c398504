import { MacAddress, NetworkName, stageNetwork, type GuestName } from '../../../src/contract/names.ts'
import type { CardChange, NetworkSummary } from '../../../src/contract/network.ts'

const mac = MacAddress.parse('52:54:00:d1:00:01')

/** The window's private networks: two of them, the second with nobody on it at first. */
export class FakeNetworks {
  readonly #guests: () => GuestName[]
  readonly #names = [stageNetwork, NetworkName.parse('lab')]
  readonly #connected = new Map<GuestName, NetworkName[]>()
  uplinks: GuestName[] = []

  constructor(guests: () => GuestName[]) {
    this.#guests = guests
  }

  list(): NetworkSummary[] {
    return this.#names.map((name, index) => {
      const domain = name === stageNetwork ? 'diptych.internal' : `${name}.diptych.internal`
      const on = this.#guests().filter((guest) => this.#networksOf(guest).includes(name))
      const guests = on.map((guest, at) => ({ guest, mac, dnsName: `${guest}.${domain}`, ipv4: `10.${77 + index}.0.${11 + at}` }))
      return { name, domain, subnet: `10.${77 + index}.0.0/24`, gateway: `10.${77 + index}.0.1`, guests }
    })
  }

  /** undefined: there is no such network. */
  find(name: NetworkName): NetworkSummary | undefined {
    return this.list().find((network) => network.name === name)
  }

  create(name: NetworkName): NetworkSummary | undefined {
    if (!this.#names.includes(name)) this.#names.push(name)
    return this.find(name)
  }

  connect(guest: GuestName, network: NetworkName, on: boolean): CardChange {
    const others = this.#networksOf(guest).filter((each) => each !== network)
    this.#connected.set(guest, on ? [...others, network] : others)
    return { guest, applies: 'next-start', networks: this.list() }
  }

  setUplink(guest: GuestName, on: boolean): CardChange {
    this.uplinks = [...this.uplinks.filter((each) => each !== guest), ...(on ? [guest] : [])]
    return { guest, applies: 'next-start', networks: this.list() }
  }

  #networksOf(guest: GuestName): NetworkName[] {
    return this.#connected.get(guest) ?? [stageNetwork]
  }
}
