import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { connectMessagePort } from '../../src/contract/connect-message-port.ts'
import { ConnectionClosed, type Connection } from '../../src/contract/connection.ts'
import type { MessagePortLike } from '../../src/contract/flow-port.ts'
import { connectUnix } from '../../src/node/transport/connect-unix.ts'
import type { Directories } from '../../src/node/paths.ts'
import { servePorts } from '../../src/node/transport/serve-port.ts'
import { serveConnections } from '../../src/node/transport/server.ts'
import { HostBusy, type Host, type OpenHost } from '../host-types.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'

/** Where a running host answers. */
export function hostSocketPath(directories: Directories): string {
  return join(directories.runtime, 'host.sock')
}

export interface AttachOptions {
  readonly directories: Directories
  readonly openHost: OpenHost
  /** How long a host that holds the lock may take to answer (it may be starting, or just ending). Default 5 s. */
  readonly patienceMs?: number
}

export interface Attached extends Connection {
  /** What `close` does, awaited: ends the connection, and the host if it was opened for it. Guests keep running. */
  release(): Promise<void>
  /** The host lives in this process and ends with the command. */
  readonly ownsHost: boolean
}

/**
 * The running host if one answers, else one opened in this process. The latter also listens on the socket, so that
 * other commands join it. Rejects with CommandFailure when a host holds the
 * data directory and does not answer.
 */
export async function attach(options: AttachOptions): Promise<Attached> {
  const giveUpAt = Date.now() + (options.patienceMs ?? 5_000)
  for (;;) {
    const running = await connectToRunning(options.directories)
    if (running !== null) return { ...running, ownsHost: false, release: async () => running.close() }
    try {
      const host = await options.openHost({ directories: options.directories })
      return await connectToOwn(host, options.directories)
    } catch (error) {
      if (!(error instanceof HostBusy)) throw error
      if (Date.now() >= giveUpAt) throw busy(error)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** The host that listens on the socket, or null. */
export async function connectToRunning(directories: Directories): Promise<Connection | null> {
  return connectUnix(hostSocketPath(directories)).catch((error: unknown) => {
    if (error instanceof ConnectionClosed) return null
    throw error
  })
}

/** A client of a host in this very process, over a MessageChannel: the same path as any other client's. */
export async function connectInProcess(host: Host): Promise<Connection> {
  const ports = servePorts(host)
  const control = new MessageChannel()
  ports.serveControl(asPort(control.port1))
  return connectMessagePort({
    control: asPort(control.port2),
    async openScreenPort(guest) {
      const screen = new MessageChannel()
      void ports.serveScreen(guest, asPort(screen.port1))
      return asPort(screen.port2)
    },
  })
}

async function connectToOwn(host: Host, directories: Directories): Promise<Attached> {
  const server = await serveConnections({
    router: host.router,
    openScreen: (guest) => host.openScreen(guest),
    listen: { unixPath: hostSocketPath(directories) },
  }).catch(async (error: unknown) => {
    await host.close()
    throw error
  })
  const connection = await connectInProcess(host)
  let released: Promise<void> | undefined
  const end = async () => {
    connection.close()
    await server.close()
    await host.close()
  }
  const release = () => (released ??= end())
  return { ...connection, ownsHost: true, release, close: () => void release() }
}

function asPort(port: MessageChannel['port1']): MessagePortLike {
  return port as unknown as MessagePortLike // Node's port has the DOM's members, @types/node 20 leaves them out
}

export function busy(error: HostBusy): CommandFailure {
  return new CommandFailure(
    exitCodes.failed,
    `Another Diptych host (process ${error.processId}) holds the data directory and does not answer.`,
    `Wait until it has ended, or end it with: kill ${error.processId}. Running guests are kept.`,
    error,
  )
}
