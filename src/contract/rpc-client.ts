import { createORPCClient, type ClientLink } from '@orpc/client'
import { RPCLink } from '@orpc/client/websocket'
import type { Closing } from './closing.ts'
import { ConnectionClosed, type Client } from './connection.ts'

/** What a transport gives the typed client: ordered text messages. */
export interface MessageLink {
  send(message: string): void
  /** Called once, before the first `send`. */
  receive(listener: (message: string) => void): void
}

type CallOptions = Parameters<ClientLink<Record<never, never>>['call']>[2]

/**
 * The typed client over any transport. oRPC's WebSocket link is given a look-alike whose every send is our
 * transport's, so calls, typed errors and event streams take one path for all three.
 */
export function createClient(link: MessageLink, closing: Closing): Client {
  const inner = new RPCLink({ websocket: webSocketLookAlike(link, closing) })
  const outer: ClientLink<Record<never, never>> = {
    async call(path: readonly string[], input: unknown, options: CallOptions) {
      if (closing.reason !== undefined) throw new ConnectionClosed(closing.reason)
      const output = await closing.race(inner.call(path, input, options))
      return isAsyncIterator(output) ? guarded(output, closing) : output
    },
  }
  return createORPCClient<Client>(outer)
}

type Listener = (event: { data: string }) => void

function webSocketLookAlike(link: MessageLink, closing: Closing) {
  return {
    get readyState() {
      return closing.reason === undefined ? 1 : 3
    },
    send: (message: string) => link.send(message),
    addEventListener(type: string, listener: Listener) {
      if (type === 'message') link.receive((data) => listener({ data }))
      if (type === 'close') closing.onClose(() => listener({ data: '' }))
    },
    removeEventListener: () => undefined,
  } as unknown as ConstructorParameters<typeof RPCLink>[0]['websocket'] // the four members oRPC reads
}

function isAsyncIterator(value: unknown): value is AsyncIterableIterator<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value
}

/** The same stream, whose pending `next` ends with ConnectionClosed when the connection does. */
function guarded(inner: AsyncIterableIterator<unknown>, closing: Closing): AsyncIterableIterator<unknown> {
  const done = { done: true, value: undefined } as const
  return {
    next: () => closing.race(inner.next()),
    return: async () => (closing.reason === undefined ? ((await inner.return?.()) ?? done) : done),
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
