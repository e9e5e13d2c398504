import type { GuestName, NetworkName } from '../contract/names.ts'
import { ipv4Text } from './address.ts'
import { pcapngInterface, pcapngPacket, pcapngSection } from './pcapng.ts'
import type { Port } from './port.ts'

export interface CaptureOptions {
  readonly network: NetworkName
  /** One guest's link, both directions; null for the whole network, each frame once, where it enters. */
  readonly guest: GuestName | null
  /** Bytes kept of each frame. */
  readonly snapBytes: number
}

/**
 * One running capture: turns frames into pcapng and hands the bytes to a sink. The sink says whether it took them; a
 * packet it did not take is counted, never waited for. Registered with the fabric while it runs.
 */
export class Capture {
  readonly #options: CaptureOptions
  readonly #sink: (bytes: Uint8Array) => boolean
  readonly #epochMicroseconds: () => number
  readonly #numbers = new Map<Port | 'gateway', number>()
  packets = 0
  missed = 0

  /** `ports` are those of the network: the file's comment says who they are. */
  constructor(options: CaptureOptions, ports: Iterable<Port>, sink: (bytes: Uint8Array) => boolean, epochMicroseconds: () => number) {
    this.#options = options
    this.#sink = sink
    this.#epochMicroseconds = epochMicroseconds
    const what = options.guest === null ? `the whole network ${options.network}, each frame where it enters` : `the link of ${options.guest} on the network ${options.network}`
    sink(pcapngSection([`Diptych: ${what}`, ...[...ports].map(({ settings, ipv4 }) => `${settings.guest} = ${settings.mac} = ${ipv4Text(ipv4)}`)].join('\n')))
  }

  /** A frame (without length header) that left (`tx`) or reaches (`rx`) a port's guest. */
  frame(port: Port, direction: 'tx' | 'rx', fromGateway: boolean, frame: Uint8Array): void {
    const { guest, snapBytes } = this.#options
    if (guest === null ? direction === 'rx' && !fromGateway : port.settings.guest !== guest) return
    const owner = guest === null && fromGateway ? 'gateway' : port
    const bytes = pcapngPacket(this.#numberOf(owner), frame, this.#epochMicroseconds(), guest !== null && direction === 'rx', snapBytes)
    if (this.#sink(bytes)) this.packets++
    else this.missed++
  }

  #numberOf(owner: Port | 'gateway'): number {
    const known = this.#numbers.get(owner)
    if (known !== undefined) return known
    const number = this.#numbers.size
    this.#numbers.set(owner, number)
    this.#sink(owner === 'gateway' ? pcapngInterface('gateway', 'the gateway of the network') : pcapngInterface(owner.settings.guest, `${owner.settings.guest}, ${owner.settings.mac}, ${ipv4Text(owner.ipv4)}`))
    return number
  }
}
