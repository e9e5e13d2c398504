import { createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** A loopback port that leads into the network. */
export interface OpenPublication {
  readonly hostPort: number
  close(): void
}

/**
 * Listens on 127.0.0.1 and hands each connection on to one that `dial` makes. Port 0: any free one. Rejects with the
 * system's error (EADDRINUSE) when the port cannot be had. A connection that cannot be made is closed at once.
 */
export async function openPublication(hostPort: number, dial: () => Promise<Duplex>): Promise<OpenPublication> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    open.add(client)
    client.on('error', () => {}) // told by `close`
    client.on('close', () => open.delete(client))
    dial().then(
      (inner) => join(client, inner),
      () => client.destroy(),
    )
  })
  await listen(server, hostPort)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the port was not given')
  return {
    hostPort: address.port,
    close() {
      server.close()
      for (const client of open) client.destroy()
    },
  }
}

/** Both directions, with back-pressure; an end is passed on, a break breaks the other. */
function join(client: Socket, inner: Duplex): void {
  if (client.destroyed) {
    inner.destroy()
    return
  }
  inner.on('error', () => {}) // told by `close`
  client.on('close', () => inner.destroy())
  inner.on('close', () => client.destroy())
  client.pipe(inner)
  inner.pipe(client)
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      server.on('error', () => {}) // a connection that could not be taken (EMFILE): whoever asked for it sees it closed
      resolve()
    })
  })
}
