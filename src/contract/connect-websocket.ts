import { Closing } from './closing.ts'
import { ConnectionClosed, type Connection } from './connection.ts'
import type { GuestName } from './names.ts'
import { createClient } from './rpc-client.ts'
import { SocketScreen, type WebSocketLike } from './screen-socket.ts'

/** The subprotocol both sides speak; a host of another version refuses it. */
export const protocolName = 'diptych.v1'

/**
 * What a client of the loopback server offers: the protocol, and the launch's token (from the URL's fragment, never its
 * query). null when it has none, which the server answers with 403.
 */
export function protocolsFor(token: string | null): readonly string[] {
  return token === null ? [protocolName] : [protocolName, `token.${token}`]
}

export interface WebSocketOptions {
  /** Of the server, without a path: `ws://127.0.0.1:4711`, or `ws+unix:/run/host.sock:` through `socketFactory`. */
  readonly url: string
  readonly protocols?: readonly string[]
  /** Default: `new globalThis.WebSocket(url, protocols)`. */
  readonly socketFactory?: (url: string, protocols: readonly string[]) => WebSocketLike
}

/** Connects the client; screens get a socket each. Rejects with ConnectionClosed when the host cannot be reached. */
export function connectWebSocket(options: WebSocketOptions): Promise<Connection> {
  const base = options.url.replace(/\/+$/, '')
  const protocols = options.protocols ?? [protocolName]
  const make = options.socketFactory ?? browserSocket
  const closing = new Closing()
  const screens = new Set<SocketScreen>()
  const socket = make(`${base}/rpc`, protocols)

  let deliver: (message: string) => void = () => undefined
  socket.onmessage = (event: { data: unknown }) => {
    if (typeof event.data === 'string') deliver(event.data)
  }

  const close = (reason: string) => {
    closing.settle(reason)
    socket.close()
    for (const screen of screens) screen.close()
  }

  return new Promise((resolve, reject) => {
    let problem = ''
    socket.onerror = (event: { message?: unknown }) => {
      if (typeof event.message === 'string') problem = event.message
    }
    socket.onclose = (event: { code: number; reason: string }) => {
      const reason = event.reason || problem || 'the host went away'
      reject(new ConnectionClosed(reason))
      close(reason)
    }
    socket.onopen = () => {
      const client = createClient(
        {
          send: (message) => socket.send(message),
          receive: (listener) => {
            deliver = listener
          },
        },
        closing,
      )
      resolve({
        client,
        closed: closing.promise,
        openScreen(guest: GuestName) {
          if (closing.reason !== undefined) throw new ConnectionClosed(closing.reason)
          const screen = new SocketScreen(make(`${base}/screen/${guest}`, protocols), (ended) => screens.delete(ended))
          screens.add(screen)
          return screen
        },
        close: () => close('closed by this side'),
      })
    }
  })
}

function browserSocket(url: string, protocols: readonly string[]): WebSocketLike {
  const { WebSocket } = globalThis as unknown as { WebSocket?: new (url: string, protocols: string[]) => WebSocketLike }
  if (WebSocket === undefined) throw new TypeError('this runtime has no WebSocket: pass a socketFactory')
  return new WebSocket(url, [...protocols])
}
