import { unlinkSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Linux's limit for a unix socket's path, its closing NUL not counted (unix(7)). */
const MAX_PATH_BYTES = 107

/** Another process answers on the socket. */
export class SocketInUse extends Error {
  override readonly name = 'SocketInUse'
}

/**
 * Listens on a unix socket, taking the place of one that nobody serves any more. Throws SocketInUse when somebody
 * does, RangeError when the path is too long for the system.
 */
export async function listenUnix(path: string, accept: (socket: Socket) => void, options: { pauseOnConnect?: boolean } = {}): Promise<Server> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw new RangeError(`the socket path ${path} is longer than ${MAX_PATH_BYTES} bytes: choose a shorter --runtime directory`)
  const server = createServer({ noDelay: false, ...options }, accept)
  try {
    await listen(server, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error // Node's errors carry a code
    if (await answers(path)) throw new SocketInUse(`another process serves ${path}`)
    unlinkSync(path)
    await listen(server, path)
  }
  return server
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      server.on('error', () => {}) // a connection that could not be taken (EMFILE): whoever asked for it sees it closed
      resolve()
    })
  })
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
