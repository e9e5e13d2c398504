import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import type { ByteStream } from '../../engine/qemu/byte-stream.ts'
import { LineDecoder } from '../../engine/qemu/line-decoder.ts'
import { consoleLine } from '../../engine/qemu/console-line.ts'

const rotateAtBytes = 4 << 20
const linesPerSecond = 200

/**
 * Writes what the guest sends to its serial console into a file, bounded: at 4 MiB the file becomes `PATH.1` and a new
 * one begins. Whole lines go to `line`, at most 200 a second (the file has them all).
 */
export class SerialLog {
  readonly #path: string
  readonly #stream: ByteStream
  readonly #failed: (reason: string) => void
  #file: number
  #size: number

  /** `failed` is told once when the file can no longer be written; lines go on being told. */
  constructor(path: string, stream: ByteStream, line: (text: string) => void, failed: (reason: string) => void) {
    this.#failed = failed
    this.#path = path
    this.#stream = stream
    this.#file = openSync(path, 'a', 0o600)
    this.#size = fstatSync(this.#file).size
    const budget = { second: 0, used: 0 }
    const emit = (text: string) => {
      const second = Math.floor(performance.now() / 1000)
      if (second !== budget.second) Object.assign(budget, { second, used: 0 })
      if (++budget.used <= linesPerSecond) line(text)
    }
    const lines = new LineDecoder({ maximumBytes: 4096, line: (bytes) => emit(consoleLine(bytes)), tooLong: () => undefined })
    stream.onData = (chunk) => {
      this.#append(chunk)
      lines.push(chunk)
    }
    stream.onClose = () => this.close()
  }

  close(): void {
    if (this.#file !== -1) closeSync(this.#file)
    this.#file = -1
    this.#stream.close()
  }

  #append(chunk: Uint8Array): void {
    if (this.#file === -1) return
    try {
      this.#size += writeSync(this.#file, chunk)
      if (this.#size >= rotateAtBytes) this.#rotate()
    } catch (error) {
      this.#file = -1
      this.#failed(error instanceof Error ? error.message : String(error))
    }
  }

  #rotate(): void {
    closeSync(this.#file)
    renameSync(this.#path, `${this.#path}.1`)
    this.#file = openSync(this.#path, 'a', 0o600)
    this.#size = 0
  }
}
