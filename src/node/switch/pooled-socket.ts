import { Socket } from 'node:net'
import type { ReadWindow } from './read-window.ts'

/**
 * An accepted, paused connection whose bytes are put where `window` says, instead of in a new 64 KiB buffer for every
 * read. Node offers this (`onread`) to sockets it is asked to make, not to those a server accepts, so the accepted one's
 * handle moves to a socket made here; where there is no handle to move, the ordinary way is used.
 */
export function readInto(window: ReadWindow, accepted: Socket): Socket {
  const handle: unknown = Reflect.get(accepted, '_handle')
  if (typeof handle !== 'object' || handle === null || !('useUserBuffer' in handle)) {
    accepted.once('close', () => window.close())
    accepted.on('data', (chunk: Buffer) => window.put(chunk))
    return accepted
  }
  Reflect.set(accepted, '_handle', null)
  const onread = {
    // Asked for after every read, once what was read has been taken.
    buffer: () => window.room(),
    callback: (bytes: number) => {
      window.filled(bytes)
      return true
    },
  }
  const options = { handle, onread, readable: true, writable: true }
  const socket = new Socket(options)
  socket.once('close', () => window.close())
  socket.resume()
  return socket
}
