import { writeFile } from 'node:fs/promises'
import { PNG } from 'pngjs'
import type { Connection } from '../../src/contract/connection.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { readQrCode } from '../../src/screen/qr.ts'
import { type Picture, RfbClient } from '../../src/screen/rfb-client.ts'

export interface QrSighting {
  readonly text: string
  readonly atMs: number
}

/**
 * Reads one guest's screen through the same channel the window uses and keeps the last QR code seen on it.
 * A channel that closes (the guest restarts) is opened again.
 */
export class ScreenWatch {
  readonly #connection: Connection
  readonly #guest: GuestName
  #client: RfbClient | null = null
  #stopped = false
  #last: QrSighting | null = null
  #first: QrSighting | null = null
  readonly #done: Promise<void>

  constructor(connection: Connection, guest: GuestName) {
    this.#connection = connection
    this.#guest = guest
    this.#done = this.#run()
  }

  /** The QR code on the screen at the last look; null when there was none. */
  get last(): QrSighting | null {
    return this.#last
  }

  get first(): QrSighting | null {
    return this.#first
  }

  get picture(): Picture | null {
    return this.#client?.picture ?? null
  }

  async save(path: string): Promise<void> {
    const picture = this.picture
    if (picture === null || picture.width === 0) throw new Error(`no picture of ${this.#guest} has been read`)
    const png = new PNG({ width: picture.width, height: picture.height })
    png.data = Buffer.from(picture.pixels)
    await writeFile(path, PNG.sync.write(png))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#client?.close()
    await this.#done
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#watch()
      } catch {
        this.#last = null // the channel went away; the next one tells anew
        await pause(200)
      }
    }
  }

  async #watch(): Promise<void> {
    const client = new RfbClient(this.#connection.openScreen(this.#guest))
    try {
      await client.open()
      this.#client = client
      let incremental = false
      while (!this.#stopped) {
        const picture = await client.update(incremental)
        incremental = true
        const text = readQrCode(picture)
        this.#last = text === null ? null : { text, atMs: Date.now() }
        this.#first ??= this.#last
        await pause(100) // decoding costs a few tens of milliseconds: leave the guests their CPU
      }
    } finally {
      client.close()
    }
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}
