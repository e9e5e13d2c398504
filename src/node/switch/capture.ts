import { type FileHandle, open, rename } from 'node:fs/promises'
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
 * is always there and never more than two files; both are whole captures. Ends with the stream or the signal. While the disk
 * takes its time nothing is read: the switch leaves out what comes then, and says so.
 * `started` is called when frames are being captured. Resolves with the number of packets.
 */
export async function captureToFile(runtime: string, options: CaptureOptions, path: string, maxBytes: number, signal: AbortSignal, started: () => void = () => {}): Promise<number> {
  const stream = await openCapture(runtime, options)
  const stop = () => stream.destroy()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  let ring: CaptureRing | null = null
  try {
    ring = await CaptureRing.open(path, maxBytes)
    started()
    for await (const chunk of stream) if (Buffer.isBuffer(chunk)) await ring.write(chunk)
  } catch (error) {
    // Ending a capture destroys its stream in the middle; anything else is a fault.
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', stop)
    stream.destroy()
    await ring?.close()
  }
  return ring?.packets ?? 0
}

const BLOCK = { section: 0x0a0d0d0a, interface: 1 } as const

/** Cuts the byte stream into pcapng blocks and begins each file with the section and interfaces known so far. */
class CaptureRing {
  readonly #path: string
  readonly #maxBytes: number
  readonly #preamble: Buffer[] = []
  #rest = Buffer.alloc(0)
  #file: FileHandle
  /** Of the current file, what is about to be written included. */
  #bytes = 0
  packets = 0

  private constructor(path: string, maxBytes: number, file: FileHandle) {
    this.#path = path
    this.#maxBytes = maxBytes
    this.#file = file
  }

  static async open(path: string, maxBytes: number): Promise<CaptureRing> {
    return new CaptureRing(path, maxBytes, await open(path, 'w', 0o600))
  }

  /** One at a time. */
  async write(chunk: Buffer): Promise<void> {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let written = 0
    let at = 0
    while (bytes.length - at >= 8) {
      const end = at + bytes.readUInt32LE(at + 4)
      if (end > bytes.length) break
      const block = bytes.subarray(at, end)
      const type = block.readUInt32LE(0)
      if (type === BLOCK.section || type === BLOCK.interface) this.#preamble.push(Buffer.from(block))
      else {
        this.packets++
        if (this.#bytes + block.length > this.#maxBytes) {
          await this.#file.writeFile(bytes.subarray(written, at))
          written = at
          await this.#rotate()
        }
      }
      this.#bytes += block.length
      at = end
    }
    if (at > written) await this.#file.writeFile(bytes.subarray(written, at))
    this.#rest = Buffer.from(bytes.subarray(at))
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async #rotate(): Promise<void> {
    await this.#file.close()
    await rename(this.#path, `${this.#path}.1`)
    this.#file = await open(this.#path, 'w', 0o600)
    const preamble = Buffer.concat(this.#preamble)
    await this.#file.writeFile(preamble)
    this.#bytes = preamble.length
  }
}
