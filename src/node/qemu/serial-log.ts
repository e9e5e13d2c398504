import type { ByteStream } from '../../engine/qemu/byte-stream.ts'
import { consoleLine } from '../../engine/qemu/console-line.ts'
import { LineDecoder } from '../../engine/qemu/line-decoder.ts'
import { LogFile } from './log-file.ts'
import { TailBuffer } from './tail-buffer.ts'

const rotateAtBytes = 4 << 20
/** Twenty times what a serial line at 115200 baud carries; a start may say more for a while. */
const bytesPerSecond = 256 << 10
const burstBytes = 2 << 20
const newestKeptBytes = 64 << 10
/** More than this not yet on disk means that the disk is stuck. */
const mostPendingBytes = 1 << 20
const releaseEveryMs = 250
const linesPerSecond = 200

/**
 * Writes what the guest sends to its serial console into a file. The guest may print as fast as it can: it is always read
 * (a guest must not wait for its log), but only so much a second is written and looked at. Of what is more, the newest
 * 64 KiB are kept and written a moment later, after a line that says how much was left out. At 4 MiB the file becomes
 * `PATH.1` and a new one begins. Whole lines go to `line`, at most 200 a second.
 */
export class SerialLog {
  readonly #stream: ByteStream
  readonly #file: LogFile
  readonly #lines: LineDecoder
  readonly #withheld = new TailBuffer(newestKeptBytes)
  #allowance = burstBytes
  #countedAt = performance.now()
  #timer: NodeJS.Timeout | null = null
  #closed: Promise<void> | null = null

  /** `failed` is told once when the file can no longer be written; lines go on being told. */
  constructor(path: string, stream: ByteStream, line: (text: string) => void, failed: (reason: string) => void, rotateAt = rotateAtBytes) {
    this.#stream = stream
    this.#file = new LogFile(path, { rotateAtBytes: rotateAt, failed })
    this.#lines = new LineDecoder({ maximumBytes: 4096, line: rationed(line), tooLong: () => undefined })
    stream.onData = (chunk) => this.#take(chunk)
    stream.onClose = () => void this.close()
  }

  /** Resolves when the last words are on disk. */
  close(): Promise<void> {
    if (this.#closed !== null) return this.#closed
    this.#release()
    this.#closed = this.#file.close()
    this.#stream.close()
    return this.#closed
  }

  #take(chunk: Uint8Array): void {
    if (this.#closed !== null) return
    this.#count()
    if (this.#timer === null && chunk.length <= this.#allowance) return this.#keep(chunk)
    this.#withheld.push(chunk)
    this.#timer ??= setInterval(() => {
      this.#count()
      if (this.#withheld.length <= this.#allowance) this.#release()
    }, releaseEveryMs).unref()
  }

  #release(): void {
    if (this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
    const { bytes, leftOut } = this.#withheld.take()
    if (leftOut > 0) {
      this.#file.append(new TextEncoder().encode(`\n[Diptych left out ${leftOut} bytes here: the guest prints faster than ${bytesPerSecond >> 10} KiB/s]\n`))
      this.#lines.reset()
    }
    this.#keep(bytes)
  }

  #keep(bytes: Uint8Array): void {
    this.#allowance -= bytes.length
    this.#file.append(bytes)
    this.#lines.push(bytes)
  }

  #count(): void {
    const now = performance.now()
    this.#allowance = this.#file.pendingBytes > mostPendingBytes ? 0 : Math.min(burstBytes, this.#allowance + ((now - this.#countedAt) / 1000) * bytesPerSecond)
    this.#countedAt = now
  }
}

/** Passes on as many lines a second as somebody may want to look at. */
function rationed(line: (text: string) => void): (bytes: Uint8Array) => void {
  const budget = { second: 0, used: 0 }
  return (bytes) => {
    const second = Math.floor(performance.now() / 1000)
    if (second !== budget.second) Object.assign(budget, { second, used: 0 })
    if (++budget.used <= linesPerSecond) line(consoleLine(bytes))
  }
}
