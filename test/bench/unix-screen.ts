import { createConnection } from 'node:net'
import type { ScreenChannel } from '../../src/contract/connection.ts'

/** A screen channel straight onto a QEMU's RFB socket, without Diptych in between: the yardstick's view. */
export function openUnixScreen(path: string): ScreenChannel {
  const socket = createConnection({ path })
  const channel: ScreenChannel = {
    binaryType: 'arraybuffer',
    protocol: '',
    readyState: 1,
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    send: (data) => void socket.write(new Uint8Array(data)),
    close: () => socket.destroy(),
  }
  socket.on('data', (chunk: Buffer) => channel.onmessage?.({ data: new Uint8Array(chunk).buffer }))
  socket.on('error', (error) => channel.onerror?.(error))
  socket.on('close', () => channel.onclose?.({ code: 1006, reason: 'the socket closed' }))
  return channel
}
