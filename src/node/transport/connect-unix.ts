import { WebSocket } from 'ws'
import { connectWebSocket } from '../../contract/connect-websocket.ts'
import type { Connection } from '../../contract/connection.ts'
import type { WebSocketLike } from '../../contract/screen-socket.ts'

/** A `ws` socket in the browser's shape. Deflate is off: both ends share a machine. */
export function nodeWebSocket(url: string, protocols: readonly string[], origin?: string): WebSocketLike {
  return new WebSocket(url, [...protocols], { perMessageDeflate: false, maxPayload: 256 * 1024 * 1024, ...(origin === undefined ? {} : { origin }) })
}

/** Connects to the host at a unix socket (WebSocket over AF_UNIX). Rejects with ConnectionClosed when none answers. */
export function connectUnix(path: string): Promise<Connection> {
  return connectWebSocket({ url: `ws+unix:${path}:`, socketFactory: (url, protocols) => nodeWebSocket(url, protocols) })
}
