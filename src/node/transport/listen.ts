import { chmod, unlink } from 'node:fs/promises'
import type { Server } from 'node:http'
import { createConnection } from 'node:net'
import { dirname } from 'node:path'
import { ensurePrivateDirectory } from '../paths.ts'

/** sockaddr_un.sun_path holds 108 bytes with its final NUL (unix(7)). */
export const longestSocketPath = 107

/** Listens on 127.0.0.1; port 0 takes a free one. Resolves with the port, rejects with the system's error. */
export async function listenOnLoopback(server: Server, port: number): Promise<number> {
  await listening(server, () => server.listen(port, '127.0.0.1'))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the loopback server has no port')
  return address.port
}

/**
 * Listens on a unix socket of mode 0600 in a directory of mode 0700. A socket left by a host that died is removed; one
 * that answers is somebody else's (EADDRINUSE).
 */
export async function listenOnUnixSocket(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > longestSocketPath) {
    throw new Error(`the socket path ${path} is longer than the system's ${longestSocketPath} bytes: set DIPTYCH_HOME or XDG_RUNTIME_DIR to a shorter directory`)
  }
  ensurePrivateDirectory(dirname(path))
  if (!(await answers(path))) await unlink(path).catch(() => undefined) // usually there is none
  await listening(server, () => server.listen(path))
  await chmod(path, 0o600)
}

/** Whether somebody listens at a unix socket. */
export function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function listening(server: Server, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      server.on('error', () => undefined) // a connection that could not be taken (EMFILE): whoever asked for it sees it closed
      resolve()
    })
    start()
  })
}
