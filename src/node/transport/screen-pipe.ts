import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { FlowPort, screenWindowBytes, unitsOfScreen, type MessagePortLike } from '../../contract/flow-port.ts'

/** How much of a screen may wait in the host for a reader before the guest's side is paused. */
export const screenHighWaterBytes = screenWindowBytes

/**
 * Joins a client's WebSocket and a guest's screen, bounded both ways: while more than the high-water mark waits to be
 * sent the screen is paused, and while the guest takes no input the socket is. Either end closing closes the other.
 */
export function joinSocketAndScreen(socket: WebSocket, screen: Duplex): void {
  const sent = () => {
    if (screen.isPaused() && socket.bufferedAmount < screenHighWaterBytes / 2) screen.resume()
  }
  screen.on('data', (chunk: Buffer) => {
    socket.send(chunk, sent)
    if (socket.bufferedAmount > screenHighWaterBytes) screen.pause()
  })
  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary || screen.destroyed) return
    if (!screen.write(data)) {
      socket.pause()
      screen.once('drain', () => socket.resume())
    }
  })
  screen.on('error', (error: Error) => closeSocket(socket, 1011, error.message))
  screen.on('end', () => closeSocket(socket, 1000, 'the screen ended'))
  screen.on('close', () => closeSocket(socket, 1000, 'the screen ended'))
  socket.on('error', () => screen.destroy())
  socket.on('close', () => screen.destroy())
}

/** Closes with a reason; WebSocket allows 123 bytes of it (RFC 6455, 5.5). */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  socket.resume()
  socket.close(code, Buffer.from(reason).subarray(0, 120).toString().replace(/\uFFFD+$/, ''))
}

/** The same over a MessagePort, with credit in place of the socket's buffer. */
export function joinPortAndScreen(port: MessagePortLike, screen: Duplex): void {
  let room: Promise<void> | undefined // set while the guest takes no input, shared by all that waits
  const drained = () =>
    new Promise<void>((resolve) => {
      const settle = () => {
        screen.off('drain', settle)
        screen.off('close', settle)
        room = undefined
        resolve()
      }
      screen.on('drain', settle)
      screen.on('close', settle)
    })
  const flow = new FlowPort(port, {
    window: screenHighWaterBytes,
    unitsOf: unitsOfScreen,
    onMessage(message) {
      if (typeof message === 'string' || screen.destroyed || screen.write(Buffer.from(message))) return
      return (room ??= drained())
    },
    onClose: () => screen.destroy(),
  })
  screen.on('data', (chunk: Buffer) => {
    if (flow.send(ownBytes(chunk))) return
    screen.pause()
    void flow.drained().then(() => screen.resume())
  })
  const end = () => void flow.drained().then(() => flow.close('the screen ended')) // after what still waits is sent
  screen.on('error', (error: Error) => flow.close(error.message, 1011))
  screen.on('end', end)
  screen.on('close', end)
  flow.ready()
}

/** A chunk's bytes alone: Node's small chunks are views of a pool shared with other data. */
function ownBytes(chunk: Buffer): ArrayBuffer {
  return new Uint8Array(chunk).buffer
}
