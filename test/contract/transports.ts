import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { MessageChannel } from 'node:worker_threads'
import { WebSocket } from 'ws'
import { connectMessagePort } from '../../src/contract/connect-message-port.ts'
import { connectWebSocket, protocolName, protocolsFor } from '../../src/contract/connect-websocket.ts'
import type { Connection } from '../../src/contract/connection.ts'
import type { MessagePortLike } from '../../src/contract/flow-port.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { createToken } from '../../src/node/transport/access.ts'
import { connectUnix, nodeWebSocket } from '../../src/node/transport/connect-unix.ts'
import { servePorts } from '../../src/node/transport/serve-port.ts'
import { serveConnections } from '../../src/node/transport/server.ts'
import type { FakeHost } from './fake-router.ts'

export interface ServedHost {
  readonly host: FakeHost
  openScreen(guest: GuestName): Promise<Duplex>
}

/** A host being served, and how a client of this transport reaches it. */
export interface Served {
  connect(): Promise<Connection>
  /** Opens a screen and never reads from it. */
  openUnreadScreen(guest: string): Promise<void>
  close(): Promise<void>
}

/** Every transport, so that one suite runs over all. */
export const transports: readonly { readonly name: string; readonly serve: (served: ServedHost) => Promise<Served> }[] = [
  { name: 'MessagePort', serve: serveMessagePort },
  { name: 'WebSocket', serve: serveWebSocket },
  { name: 'unix socket', serve: serveUnixSocket },
]

function asPort(port: MessageChannel['port1']): MessagePortLike {
  return port as unknown as MessagePortLike // Node's port has the DOM's members, @types/node 20 leaves them out
}

async function serveMessagePort({ host, openScreen }: ServedHost): Promise<Served> {
  const server = servePorts({ router: host.router, openScreen })
  const closers = new Set<(reason: string) => void>()
  return {
    connect() {
      const control = new MessageChannel()
      closers.add(server.serveControl(asPort(control.port1)))
      return connectMessagePort({
        control: asPort(control.port2),
        async openScreenPort(guest) {
          const channel = new MessageChannel()
          void server.serveScreen(guest, asPort(channel.port1))
          return asPort(channel.port2)
        },
      })
    },
    async openUnreadScreen(guest) {
      const channel = new MessageChannel()
      await server.serveScreen(guest, asPort(channel.port1))
    },
    async close() {
      for (const close of closers) close('the host is shutting down')
    },
  }
}

async function serveWebSocket({ host, openScreen }: ServedHost): Promise<Served> {
  const directory = mkdtempSync(join(tmpdir(), 'diptych-files-'))
  writeFileSync(join(directory, 'index.html'), '<!doctype html><title>test</title>')
  const token = createToken()
  const server = await serveConnections({ router: host.router, openScreen, listen: { loopbackPort: 0, token, staticDirectory: directory } })
  const origin = `http://127.0.0.1:${server.port}`
  const url = `ws://127.0.0.1:${server.port}`
  return {
    connect: () => connectWebSocket({ url, protocols: protocolsFor(token), socketFactory: (at, protocols) => nodeWebSocket(at, protocols, origin) }),
    openUnreadScreen: (guest) => openPaused(new WebSocket(`${url}/screen/${guest}`, [...protocolsFor(token)], { origin })),
    async close() {
      await server.close()
      rmSync(directory, { recursive: true })
    },
  }
}

async function serveUnixSocket({ host, openScreen }: ServedHost): Promise<Served> {
  const directory = mkdtempSync(join(tmpdir(), 'diptych-run-'))
  const path = join(directory, 'host.sock')
  const server = await serveConnections({ router: host.router, openScreen, listen: { unixPath: path } })
  return {
    connect: () => connectUnix(path),
    openUnreadScreen: (guest) => openPaused(new WebSocket(`ws+unix:${path}:/screen/${guest}`, [protocolName])),
    async close() {
      await server.close()
      rmSync(directory, { recursive: true })
    },
  }
}

function openPaused(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('open', () => {
      socket.pause()
      resolve()
    })
  })
}
