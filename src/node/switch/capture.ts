import { closeSync, openSync, renameSync, writeSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { SwitchFault } from '../../network/client.ts'
import type { CaptureOptions } from '../../network/capture.ts'
import { ControlMessage, MAX_LINE_BYTES } from '../../network/control-protocol.ts'
import { parseJson } from './json-lines.ts'
import { switchPaths } from './switch-record.ts'

/**
 * Starts a capture and returns its pcapng bytes as a stream; destroy it to end the capture. For standard output
 * (`| tshark -i -`) or a file. Rejects with SwitchFault.
 */
export async function openCapture(runtime: string, options: CaptureOptions): Promise<Socket> {
  const path = switchPaths(runtime).control
  const socket = connect(path)
  await Promise.race([once(socket, 'connect'), once(socket, 'error').then(([error]: unknown[]) => Promise.reject(new SwitchFault('unreachable', `the switch at ${path} cannot be reached`, { cause: error })))])
  socket.write(`${JSON.stringify({ id: 1, method: 'capture', params: options })}\n`)
  // Two lines come first: the greeting and the answer. What follows them is the capture.
  let text = Buffer.alloc(0)
  for (;;) {
    const chunk: unknown = socket.read()
    if (Buffer.isBuffer(chunk)) text = Buffer.concat([text, chunk])
    const greeting = text.indexOf(10)
    const answer = greeting < 0 ? -1 : text.indexOf(10, greeting + 1)
    if (answer >= 0) {
      const message = ControlMessage.safeParse(parseJson(text.subarray(greeting + 1, answer).toString()))
      if (message.success && 'error' in message.data) {
        socket.destroy()
        throw new SwitchFault(message.data.error.code, message.data.error.message)
      }
      if (answer + 1 < text.length) socket.unshift(text.subarray(answer + 1))
      return socket
    }
    if (socket.readableEnded || socket.destroyed || text.length > MAX_LINE_BYTES) throw new SwitchFault('unreachable', `the switch at ${path} did not start the capture`)
    await Promise.race([once(socket, 'readable'), once(socket, 'close')])
  }
}

/**
 * Writes a capture to a file. Past `maxBytes` the file becomes `<path>.1` and a new one begins, so the newest traffic
 * is always there and never more than two files; both are whole captures. Ends with the stream or the signal.
 * Resolves with the number of packets.
 */
export async function captureToFile(runtime: string, options: CaptureOptions, path: string, maxBytes: number, signal: AbortSignal): Promise<number> {
  const stream = await openCapture(runtime, options)
  const stop = () => stream.destroy()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const ring = new CaptureRing(path, maxBytes)
  try {
    for await (const chunk of stream) if (Buffer.isBuffer(chunk)) ring.write(chunk)
  } catch (error) {
    // Ending a capture destroys its stream in the middle; anything else is a fault.
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', stop)
    stream.destroy()
    ring.close()
  }
  return ring.packets
}

const BLOCK = { section: 0x0a0d0d0a, interface: 1 } as const

/** Cuts the byte stream into pcapng blocks and begins each file with the section and interfaces known so far. */
class CaptureRing {
  readonly #path: string
  readonly #maxBytes: number
  readonly #preamble: Buffer[] = []
  #rest = Buffer.alloc(0)
  #file: number
  #written = 0
  packets = 0

  constructor(path: string, maxBytes: number) {
    this.#path = path
    this.#maxBytes = maxBytes
    this.#file = openSync(path, 'w', 0o600)
  }

  write(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (bytes.length - at >= 8) {
      const end = at + bytes.readUInt32LE(at + 4)
      if (end > bytes.length) break
      this.#block(bytes.subarray(at, end))
      at = end
    }
    this.#rest = Buffer.from(bytes.subarray(at))
  }

  close(): void {
    closeSync(this.#file)
  }

  #block(block: Buffer): void {
    const type = block.readUInt32LE(0)
    if (type === BLOCK.section || type === BLOCK.interface) this.#preamble.push(Buffer.from(block))
    else {
      this.packets++
      if (this.#written + block.length > this.#maxBytes) this.#rotate()
    }
    this.#append(block)
  }

  #rotate(): void {
    closeSync(this.#file)
    renameSync(this.#path, `${this.#path}.1`)
    this.#file = openSync(this.#path, 'w', 0o600)
    this.#written = 0
    for (const block of this.#preamble) this.#append(block)
  }

  #append(block: Buffer): void {
    writeSync(this.#file, block)
    this.#written += block.length
  }
}
