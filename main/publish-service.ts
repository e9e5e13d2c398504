import type { Duplex } from 'node:stream'
import type { GuestName } from '../src/contract/names.ts'
import type { Publication } from '../src/contract/network.ts'
import { Refusal, reasonOf } from '../src/contract/refusal.ts'
import { type OpenPublication, openPublication } from '../src/node/publication.ts'

export interface PublishPorts {
  /** Throws NOT_FOUND for an unknown name. */
  isRunning(guest: GuestName): boolean
  dial(guest: GuestName, port: number): Promise<Duplex>
  changed(): void
  message(guest: GuestName, text: string): void
}

interface Published extends Publication {
  readonly open: OpenPublication
}

/**
 * Guests' ports with an address on this computer: 127.0.0.1 only, named `<guest>.localhost` (RFC 6761 §6.3: browsers
 * take it to loopback). Owned by the host: withdrawn when the guest ends, and gone with the host.
 */
export class PublishService {
  readonly #ports: PublishPorts
  #published: Published[] = []

  constructor(ports: PublishPorts) {
    this.#ports = ports
  }

  list(): Publication[] {
    return this.#published.map(({ guest, port, hostPort, url }) => ({ guest, port, hostPort, url }))
  }

  /** The same again when it is published already. Throws Refusal('wrong-state' | 'in-use'). */
  async publish(guest: GuestName, port: number, hostPort: number | undefined): Promise<Publication> {
    const known = this.#known(guest, port, hostPort)
    if (known !== null) return known
    const open = await openPublication(hostPort ?? 0, () => this.#ports.dial(guest, port)).catch((error: unknown) => {
      throw new Refusal('in-use', `port ${hostPort ?? 0} of this computer`, reasonOf(error), 'name another with --host-port, or none to get a free one')
    })
    let isTaken = false
    try {
      // Meanwhile the guest may have ended, or somebody else may have published the same.
      const first = this.#known(guest, port, hostPort)
      if (first !== null) return first
      isTaken = true
    } finally {
      if (!isTaken) open.close()
    }
    const publication = { guest, port, hostPort: open.hostPort, url: `http://${guest}.localhost:${open.hostPort}/` }
    this.#published.push({ ...publication, open })
    this.#ports.changed()
    this.#ports.message(guest, `port ${port} is published at ${publication.url}`)
    return publication
  }

  /** Withdraws one port, or all of the guest. */
  unpublish(guest: GuestName, port?: number): Publication[] {
    const gone = this.#published.filter((each) => each.guest === guest && (port === undefined || each.port === port))
    this.#published = this.#published.filter((each) => !gone.includes(each))
    for (const { open } of gone) open.close()
    if (gone.length > 0) this.#ports.changed()
    return gone.map(({ guest: name, port: tcpPort, hostPort, url }) => ({ guest: name, port: tcpPort, hostPort, url }))
  }

  /** The publication that is there already; null when one may be made. */
  #known(guest: GuestName, port: number, hostPort: number | undefined): Publication | null {
    if (!this.#ports.isRunning(guest)) throw new Refusal('wrong-state', guest, 'it is not running, so nothing answers on its ports', `start it with: diptych start ${guest}`)
    const known = this.list().find((each) => each.guest === guest && each.port === port)
    if (known === undefined) return null
    if (hostPort === undefined || hostPort === known.hostPort) return known
    throw new Refusal('in-use', `port ${port} of ${guest}`, `it is published already, at ${known.url}`, `withdraw it first: diptych unpublish ${guest} --port ${port}`)
  }

  dispose(): void {
    for (const { open } of this.#published) open.close()
    this.#published = []
  }
}
