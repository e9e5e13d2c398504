import type { Directories } from '../../src/node/paths.ts'
import { createToken } from '../../src/node/transport/access.ts'
import { serveConnections } from '../../src/node/transport/server.ts'
import { hostSocketPath } from '../cli/attach.ts'
import { CommandFailure, exitCodes } from '../cli/exit-code.ts'
import type { Host } from '../host-types.ts'
import { removeServeRecord, serveUrl, writeServeRecord } from './serve-record.ts'

export interface ServeShellOptions {
  readonly host: Host
  readonly directories: Directories
  /** 0 takes a free one. */
  readonly port: number
  /** The built window: out/renderer. */
  readonly staticDirectory: string
}

export interface ServeShell {
  /** With the token in its fragment: whoever has it controls the guests. */
  readonly url: string
  readonly port: number
  readonly token: string
  close(): Promise<void>
}

/**
 * Serves an open host to the window (loopback) and to other commands (unix socket). Owns the host from here on: `close`
 * closes both. Rejects with CommandFailure when the port cannot be had.
 */
export async function serveHost({ host, directories, port, staticDirectory }: ServeShellOptions): Promise<ServeShell> {
  const token = createToken()
  const served = { router: host.router, openScreen: host.openScreen.bind(host) }
  const window = await serveConnections({ ...served, receiveUpload: host.uploads.receive.bind(host.uploads), metrics: () => host.metrics(), listen: { loopbackPort: port, token, staticDirectory } }).catch((error: unknown) => {
    throw portFailure(port, error)
  })
  const commands = await serveConnections({ ...served, listen: { unixPath: hostSocketPath(directories) } }).catch(async (error: unknown) => {
    await window.close()
    throw error
  })
  const boundPort = window.port ?? port
  await writeServeRecord(directories, { port: boundPort, token, processId: process.pid })
  return {
    url: serveUrl({ port: boundPort, token }),
    port: boundPort,
    token,
    async close() {
      removeServeRecord(directories, process.pid)
      await Promise.all([window.close(), commands.close()])
      await host.close()
    },
  }
}

function portFailure(port: number, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  const wayOut = 'Choose another with --port, or leave --port out to take a free one.'
  if (code === 'EADDRINUSE') return new CommandFailure(exitCodes.prerequisite, `Port ${port} on 127.0.0.1 is in use by another program.`, wayOut, error)
  if (code === 'EACCES') return new CommandFailure(exitCodes.prerequisite, `Port ${port} may not be used without root.`, wayOut, error)
  return error
}
