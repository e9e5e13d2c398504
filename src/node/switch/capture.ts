import { closeSync, openSync, renameSync, writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { CaptureOptions } from '../../network/capture.ts'
import { openRawChannel } from './raw-channel.ts'

/**
 * Starts a capture and returns its pcapng bytes as a stream; destroy it to end the capture. For standard output
 * (`| tshark -i -`) or a file. Rejects with SwitchFault.
 */
export function openCapture(runtime: string, options: CaptureOptions): Promise<Socket> {
  return openRawChannel(runtime, 'capture', options)
}

/**
 * Writes a capture to a file. Past `maxBytes` the file becomes `<path>.1` and a new one begins, so the newest traffic
 * is always there and never more than two files; both are whole captures. Ends with the stream or the signal.
 * `started` is called when frames are being captured. Resolves with the number of packets.
 */
export async function captureToFile(runtime: string, options: CaptureOptions, path: string, maxBytes: number, signal: AbortSignal, started: () => void = () => {}): Promise<number> {
  const stream = await openCapture(runtime, options)
  started()
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
