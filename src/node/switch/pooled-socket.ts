import { Socket } from 'node:net'
import type { ReadBuffers } from './read-buffers.ts'

/**
 * An accepted, paused connection whose bytes come in pooled buffers instead of a new 64 KiB one for every read.
 * `take` must not keep the bytes it is handed, unless it holds their buffer. Node offers this (`onread`) to sockets it
 * is asked to make, not to those a server accepts, so the accepted one's handle moves to a socket made here; where
 * there is no handle to move, the ordinary way is used.
 */
export function readPooled(accepted: Socket, buffers: ReadBuffers, take: (bytes: Uint8Array) => void): Socket {
  const handle: unknown = Reflect.get(accepted, '_handle')
  if (typeof handle !== 'object' || handle === null || !('useUserBuffer' in handle)) {
    accepted.on('data', take)
    return accepted
  }
  Reflect.set(accepted, '_handle', null)
  let buffer: Uint8Array | null = null
  const onread = {
    // Asked for after every read, once what was read has been taken.
    buffer: () => {
      buffer = buffer === null ? buffers.take() : buffers.next(buffer)
      return buffer
    },
    callback: (bytes: number, whole: Uint8Array) => {
      take(whole.subarray(0, bytes))
      return true
    },
  }
  const options = { handle, onread, readable: true, writable: true }
  const socket = new Socket(options)
  socket.once('close', () => {
    if (buffer !== null) buffers.release(buffer)
    buffer = null
  })
  socket.resume()
  return socket
}
