import { createRouterClient } from '@orpc/server'
import { type Connection, ConnectionClosed } from '../../../src/contract/connection.ts'
import { Desktop } from './desktop.ts'
import { FakeScreenChannel } from './rfb-server.ts'
import { routerFor } from './router.ts'
import type { FakeGuest } from './views.ts'
import type { World } from './world.ts'

/** Makes connections to one world, as a renderer's `connect` does; `drop` cuts the one in use. */
export class FakeHost {
  readonly world: World
  readonly #desktops = new Map<string, Desktop>()
  #drop: (reason: string) => void = () => undefined
  /** Hears what reaches a guest's screen: encodings asked for, text typed, pointer moves. For tests. */
  onscreen: (kind: 'encodings' | 'typed' | 'pointer', guest: string, value: string) => void = () => undefined
  /** While set, every new connection is refused with it. */
  refuse: string | null = null

  constructor(world: World) {
    this.world = world
  }

  drop(reason: string): void {
    this.#drop(reason)
  }

  async connect(): Promise<Connection> {
    await new Promise((resolve) => setTimeout(resolve, 30))
    if (this.refuse !== null) throw new ConnectionClosed(this.refuse)
    const channels = new Set<FakeScreenChannel>()
    const gone = new AbortController()
    let settle: (reason: string) => void = () => undefined
    const closed = new Promise<string>((resolve) => (settle = resolve))
    const end = (reason: string) => {
      gone.abort()
      for (const channel of channels) channel.close(1006, reason)
      settle(reason)
    }
    this.#drop = end
    return {
      client: createRouterClient(routerFor(this.world, (guest) => this.#desktop(guest).png())),
      closed,
      close: () => end('closed by this side'),
      openScreen: (name) => {
        if (gone.signal.aborted) throw new ConnectionClosed('the connection is closed')
        const guest = this.world.find(name)
        if (guest === undefined) throw new Error(`no guest ${name}`)
        const channel = new FakeScreenChannel(this.#desktop(guest))
        channel.onencodings = (encodings) => this.onscreen('encodings', guest.name, encodings.join())
        channels.add(channel)
        return channel
      },
    }
  }

  #desktop(guest: FakeGuest): Desktop {
    const known = this.#desktops.get(guest.name)
    if (known !== undefined) return known
    const other = this.world.guests[(guest.index + 1) % this.world.guests.length]
    const made = new Desktop({
      own: guest.name,
      other: other?.name ?? guest.name,
      style: guest.kind === 'linux' || guest.kind === 'other' ? 'linux' : 'windows',
      nonce: `${guest.name.length}f3a-91c${guest.index}-d07b`,
    })
    made.oninput = (kind, value) => this.onscreen(kind, guest.name, value)
    this.#desktops.set(guest.name, made)
    return made
  }
}
