import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { AnyRouter } from '@orpc/server'
import { WebSocketServer, type WebSocket } from 'ws'
import { protocolName } from '../../contract/connect-websocket.ts'
import { GuestName } from '../../contract/names.ts'
import { isOurHost, mayUpgrade, offeredProtocols, TicketGate } from './access.ts'
import { listenOnLoopback, listenOnUnixSocket } from './listen.ts'
import { createRpcResponder, type RpcResponder } from './rpc-channel.ts'
import { answerMetrics, isMetrics } from './metrics.ts'
import { closeSocket, joinSocketAndScreen } from './screen-pipe.ts'
import { answer, securityHeaders, serveStaticFile } from './static-files.ts'
import { answerUpload, isUpload, type ReceiveUpload } from './upload.ts'

export interface ServeOptions {
  readonly router: AnyRouter
  openScreen(guest: GuestName): Promise<Duplex>
  /** Takes files from the window's page; without it none are taken. */
  readonly receiveUpload?: ReceiveUpload
  /** What is measured, in Prometheus's text format, answered at /metrics; without it nothing is. */
  readonly metrics?: () => Promise<string>
  readonly listen:
    | { readonly unixPath: string }
    | { readonly loopbackPort: number; readonly token: string; readonly staticDirectory: string }
}

export interface ConnectionServer {
  /** The TCP port, or null for a unix socket. */
  readonly port: number | null
  /** Ends every connection, then the server. */
  close(): Promise<void>
}

/** A person's request is small; anything bigger is a mistake or an attack. */
const maximumRequestBytes = 1024 * 1024

/**
 * Serves the contract at `/rpc` and screens at `/screen/<guest>`, both as WebSockets, on a unix socket (guarded by its
 * directory's mode) or on loopback (guarded by Host, Origin and token; it serves the window's files too).
 * Rejects with the system's error, e.g. code EADDRINUSE.
 */
export async function serveConnections(options: ServeOptions): Promise<ConnectionServer> {
  const { listen } = options
  const respond = createRpcResponder(options.router)
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maximumRequestBytes,
    perMessageDeflate: false,
    handleProtocols: () => protocolName,
  })
  let port: number | null = null
  const gate = new TicketGate('token' in listen ? listen.token : '')

  const server = createServer((request, response) => {
    if (!('staticDirectory' in listen)) return answer(response, 404, 'this socket speaks WebSocket')
    if (port === null || !isOurHost(request.headers, port)) return answer(response, 403, 'not for this host name')
    const ticket = /^\/\?ticket=([\w.]+)$/.exec(request.url ?? '')?.[1]
    if (options.receiveUpload !== undefined && isUpload(request)) void answerUpload(request, response, { port, token: listen.token }, options.receiveUpload)
    else if (options.metrics !== undefined && isMetrics(request)) void answerMetrics(request, response, { port, token: listen.token }, options.metrics)
    else if (ticket === undefined) void serveStaticFile(listen.staticDirectory, request, response)
    else if (gate.redeem(ticket, Date.now())) admit(response, listen.token)
    else answer(response, 403, 'This link has been used or is too old: start Diptych again to open a new window.')
  })

  server.requestTimeout = 0 // a disk takes as long as it takes; headers still have to come within a minute

  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', () => stream.destroy())
    const allowed =
      'token' in listen
        ? port !== null && mayUpgrade(request.headers, port, listen.token)
        : offeredProtocols(request.headers).includes(protocolName)
    const target = targetOf(request.url)
    if (!allowed) return refuse(stream, '403 Forbidden')
    if (target === null) return refuse(stream, '404 Not Found')
    sockets.handleUpgrade(request, stream, head, (socket) => {
      socket.on('error', () => socket.terminate())
      if (target === 'rpc') serveCalls(socket, respond)
      else void serveScreen(socket, () => options.openScreen(target.guest))
    })
  })

  if ('unixPath' in listen) await listenOnUnixSocket(server, listen.unixPath)
  else port = await listenOnLoopback(server, listen.loopbackPort)

  return { port, close: () => closeAll(server, sockets) }
}

/** What an upgrade asks for: the calls, a guest's screen, or nothing we have. */
function targetOf(url: string | undefined): 'rpc' | { guest: GuestName } | null {
  if (url === '/rpc') return 'rpc'
  const guest = GuestName.safeParse(/^\/screen\/([^/?]+)$/.exec(url ?? '')?.[1])
  return guest.success ? { guest: guest.data } : null
}

/** Exchanges a ticket for the token, in the fragment of the window's address: no request ever contains that. */
function admit(response: ServerResponse, token: string): void {
  response.writeHead(303, { ...securityHeaders, 'cache-control': 'no-store', location: `/#token=${token}` })
  response.end()
}

function serveCalls(socket: WebSocket, respond: RpcResponder): void {
  respond({
    send: (message) => new Promise((resolve) => socket.send(message, () => resolve())),
    receive: (listener) =>
      void socket.on('message', (data: Buffer, isBinary) => {
        if (!isBinary) listener(data.toString())
      }),
    onClose: (listener) => void socket.on('close', listener),
  })
}

async function serveScreen(socket: WebSocket, open: () => Promise<Duplex>): Promise<void> {
  socket.pause() // input that comes before the screen is there waits in the socket
  try {
    const screen = await open()
    joinSocketAndScreen(socket, screen)
    socket.resume()
    if (socket.readyState > 1) screen.destroy()
  } catch (error) {
    closeSocket(socket, 4404, error instanceof Error ? error.message : String(error))
  }
}

function refuse(stream: Duplex, status: string): void {
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

async function closeAll(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const socket of sockets.clients) {
    closeSocket(socket, 1001, 'the host is shutting down')
    setTimeout(() => socket.terminate(), 500).unref()
  }
  sockets.close()
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
