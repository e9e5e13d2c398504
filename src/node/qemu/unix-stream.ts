import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ByteStream } from '../../engine/qemu/byte-stream.ts'
import type { Duplex } from 'node:stream'

const maximumUnsent = 8 << 20

/** Connects to a unix socket; rejects with the system's error (ENOENT, ECONNREFUSED …). */
export function connectUnix(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.removeListener('error', reject)
      resolve(socket)
    })
    socket.once('error', reject)
  })
}

/**
 * Connects as soon as somebody listens: tries every 2 ms (a failed try costs some 50 µs), because the socket of a
 * starting QEMU appears within 20 to 60 ms and a warm start is measured in tens of milliseconds.
 */
export async function connectWhenReady(path: string, options: { until: () => string | null; timeoutMs: number }): Promise<Socket> {
  const deadline = performance.now() + options.timeoutMs
  for (;;) {
    const ended = options.until()
    if (ended !== null) throw new Error(ended)
    try {
      return await connectUnix(path)
    } catch (cause) {
      if (performance.now() > deadline) throw new Error(`nobody listens at ${path} after ${options.timeoutMs} ms`, { cause })
    }
    await sleep(2)
  }
}

/** A socket or pipe pair as the protocol sessions see it. Nothing is read before `onData` is set. */
export function byteStream(socket: Duplex): ByteStream {
  let closed = false
  let failure: string | null = null
  const handlers: { close: (reason: string) => void } = { close: () => undefined }
  const ended = () => {
    if (closed) return
    closed = true
    handlers.close(failure ?? 'the other side closed it')
  }
  socket.on('error', (error: Error) => (failure = error.message))
  socket.on('close', ended)
  socket.on('end', ended)
  return {
    write: (bytes) => {
      if (socket.destroyed) return
      socket.write(bytes)
      if (socket.writableLength <= maximumUnsent) return
      failure = 'the other side does not read'
      socket.destroy()
    },
    close: () => void socket.destroy(),
    set onData(handler: (chunk: Uint8Array) => void) {
      socket.removeAllListeners('data')
      socket.on('data', handler)
    },
    set onClose(handler: (reason: string) => void) {
      handlers.close = handler
      if (socket.destroyed) queueMicrotask(ended)
    },
  }
}
