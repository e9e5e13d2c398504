import { type FileHandle, open, rename } from 'node:fs/promises'

export interface LogFileOptions {
  /** At this size the file becomes `PATH.1` and a new one begins. */
  readonly rotateAtBytes: number
  /** Told once, when the file can no longer be written; from then on everything is dropped. */
  failed(reason: string): void
}

/** A log written in order and never waited for. Owns the file from the first write to `close`. */
export class LogFile {
  readonly #path: string
  readonly #options: LogFileOptions
  #file: FileHandle | null = null
  #size = 0
  #pending = 0
  #over = false
  #tail: Promise<void> = Promise.resolve()

  constructor(path: string, options: LogFileOptions) {
    this.#path = path
    this.#options = options
  }

  /** Bytes handed over and not yet written: they pile up while the disk does not answer. */
  get pendingBytes(): number {
    return this.#pending
  }

  append(bytes: Uint8Array): void {
    if (this.#over) return
    this.#pending += bytes.length
    this.#tail = this.#tail.then(async () => {
      await this.#write(bytes).catch((error: unknown) => this.#fail(error))
      this.#pending -= bytes.length
    })
  }

  /** Writes what was handed over, then lets go of the file. */
  close(): Promise<void> {
    this.#over = true
    this.#tail = this.#tail.then(async () => {
      await this.#file?.close()
      this.#file = null
    })
    return this.#tail
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const file = this.#file ?? (await this.#open())
    await file.appendFile(bytes)
    this.#size += bytes.length
    if (this.#size < this.#options.rotateAtBytes) return
    await file.close()
    this.#file = null
    await rename(this.#path, `${this.#path}.1`)
    await this.#open()
  }

  async #open(): Promise<FileHandle> {
    const file = await open(this.#path, 'a', 0o600)
    this.#file = file
    this.#size = (await file.stat()).size
    return file
  }

  #fail(error: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#options.failed(error instanceof Error ? error.message : String(error))
  }
}
