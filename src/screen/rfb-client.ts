import type { ScreenChannel } from '../contract/connection.ts'
import { ByteReader, view } from './byte-reader.ts'

/** A picture of a screen: 4 bytes per pixel, red, green, blue, 255; rows from the top. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8ClampedArray
}

/** Encodings and pseudo-encodings used here (RFC 6143 section 7.7 and 7.8). */
const encoding = { raw: 0, copyRect: 1, hextile: 5, desktopSize: -223 } as const
const hextileFlag = { raw: 1, background: 2, foreground: 4, anySubrects: 8, coloured: 16 } as const
/** Larger screens are refused: a server's word must not make us allocate without bound. 8K UHD has 33 million pixels. */
const mostPixels = 64_000_000

/**
 * A small RFB 3.8 client (RFC 6143) for reading a screen without a browser: the keynote's proof, the benchmarks.
 * Reads raw, copy-rect and hextile. noVNC is the window's client; it needs a canvas.
 */
export class RfbClient {
  readonly #channel: ScreenChannel
  readonly #reader = new ByteReader()
  readonly #encodings: readonly number[]
  #picture: Picture = { width: 0, height: 0, pixels: new Uint8ClampedArray(0) }
  /** Framebuffer updates received, and bytes of all messages: what a benchmark counts. */
  readonly counters = { updates: 0, bytes: 0 }

  constructor(channel: ScreenChannel, encodings: readonly ('raw' | 'hextile')[] = ['hextile', 'raw']) {
    this.#channel = channel
    this.#encodings = [...encodings.map((name) => encoding[name]), encoding.copyRect, encoding.desktopSize]
    channel.binaryType = 'arraybuffer'
    channel.onmessage = (event) => {
      this.counters.bytes += event.data.byteLength
      this.#reader.push(new Uint8Array(event.data))
    }
    channel.onclose = (event) => this.#reader.end(new Error(`the screen channel closed: ${event.reason || event.code}`))
    channel.onerror = () => this.#reader.end(new Error('the screen channel failed'))
  }

  get picture(): Picture {
    return this.#picture
  }

  /** Version, security (none), shared session, size, pixel format. */
  async open(): Promise<void> {
    const version = new TextDecoder().decode(await this.#reader.read(12))
    if (!version.startsWith('RFB 003.')) throw new Error(`not an RFB server: it said ${JSON.stringify(version)}`)
    this.#channel.send(new TextEncoder().encode('RFB 003.008\n'))
    const kinds = await this.#reader.read(await this.#reader.readUint8())
    if (!kinds.includes(1)) throw new Error('the screen asks for a password; Diptych guests have none')
    this.#channel.send(new Uint8Array([1]))
    if ((await this.#reader.readUint32()) !== 0) throw new Error('the screen refused the connection')
    this.#channel.send(new Uint8Array([1])) // shared: others stay connected
    const width = await this.#reader.readUint16()
    const height = await this.#reader.readUint16()
    await this.#reader.read(16)
    await this.#reader.read(await this.#reader.readUint32())
    this.#resize(width, height)
    this.#channel.send(setPixelFormat())
    this.#channel.send(setEncodings(this.#encodings))
  }

  /** Asks for the screen (whole, or what changed) and resolves when one update has been applied. */
  async update(incremental: boolean): Promise<Picture> {
    this.#channel.send(updateRequest(incremental, this.#picture.width, this.#picture.height))
    for (;;) {
      if (await this.#message()) return this.#picture
    }
  }

  /** Presses or releases a key (X11 keysym); also wakes a screen that older QEMU leaves blank after a resume. */
  key(keysym: number, down: boolean): void {
    const bytes = new Uint8Array(8)
    bytes[0] = 4
    bytes[1] = down ? 1 : 0
    view(bytes).setUint32(4, keysym)
    this.#channel.send(bytes)
  }

  pointer(x: number, y: number, buttons: number): void {
    const bytes = new Uint8Array(6)
    bytes[0] = 5
    bytes[1] = buttons
    view(bytes).setUint16(2, x)
    view(bytes).setUint16(4, y)
    this.#channel.send(bytes)
  }

  close(): void {
    this.#channel.close()
  }

  /** True when the message was a framebuffer update. */
  async #message(): Promise<boolean> {
    const type = await this.#reader.readUint8()
    switch (type) {
      case 0:
        await this.#framebufferUpdate()
        return true
      case 1: {
        await this.#reader.read(3)
        await this.#reader.read((await this.#reader.readUint16()) * 6)
        return false
      }
      case 2:
        return false
      case 3: {
        await this.#reader.read(3)
        const length = await this.#reader.readUint32()
        if (length > 1 << 20) throw new Error(`a clipboard text of ${length} bytes is not accepted`)
        await this.#reader.read(length)
        return false
      }
      default:
        throw new Error(`unknown RFB message type ${type}`)
    }
  }

  async #framebufferUpdate(): Promise<void> {
    await this.#reader.read(1)
    const count = await this.#reader.readUint16()
    for (let index = 0; index < count; index += 1) {
      const header = view(await this.#reader.read(12))
      const rect = { x: header.getUint16(0), y: header.getUint16(2), width: header.getUint16(4), height: header.getUint16(6) }
      const kind = header.getInt32(8)
      if (kind === encoding.desktopSize) {
        this.#resize(rect.width, rect.height)
        continue
      }
      if (rect.x + rect.width > this.#picture.width || rect.y + rect.height > this.#picture.height) throw new Error('an update reaches beyond the screen')
      if (kind === encoding.raw) this.#paint(rect, await this.#reader.read(rect.width * rect.height * 4))
      else if (kind === encoding.copyRect) await this.#copyRect(rect)
      else if (kind === encoding.hextile) await this.#hextile(rect)
      else throw new Error(`unknown RFB encoding ${kind}`)
    }
    this.counters.updates += 1
  }

  #resize(width: number, height: number): void {
    if (width * height > mostPixels) throw new Error(`a screen of ${width} x ${height} is not accepted`)
    this.#picture = { width, height, pixels: new Uint8ClampedArray(width * height * 4).fill(255) }
  }

  #paint(rect: Rect, bytes: Uint8Array): void {
    const { pixels, width } = this.#picture
    for (let row = 0; row < rect.height; row += 1) {
      let target = ((rect.y + row) * width + rect.x) * 4
      let source = row * rect.width * 4
      for (let column = 0; column < rect.width; column += 1) {
        pixels[target] = bytes[source] ?? 0
        pixels[target + 1] = bytes[source + 1] ?? 0
        pixels[target + 2] = bytes[source + 2] ?? 0
        target += 4
        source += 4
      }
    }
  }

  #fill(rect: Rect, colour: Uint8Array): void {
    const { pixels, width } = this.#picture
    const [red = 0, green = 0, blue = 0] = colour
    for (let row = rect.y; row < rect.y + rect.height; row += 1) {
      let target = (row * width + rect.x) * 4
      for (let column = 0; column < rect.width; column += 1, target += 4) {
        pixels[target] = red
        pixels[target + 1] = green
        pixels[target + 2] = blue
      }
    }
  }

  async #copyRect(rect: Rect): Promise<void> {
    const fromX = await this.#reader.readUint16()
    const fromY = await this.#reader.readUint16()
    const { pixels, width } = this.#picture
    const rows: Uint8ClampedArray[] = []
    for (let row = 0; row < rect.height; row += 1) rows.push(pixels.slice(((fromY + row) * width + fromX) * 4, ((fromY + row) * width + fromX + rect.width) * 4))
    rows.forEach((copied, row) => pixels.set(copied, ((rect.y + row) * width + rect.x) * 4))
  }

  /** RFC 6143 section 7.7.4: tiles of 16 x 16, background and foreground carried from tile to tile. */
  async #hextile(rect: Rect): Promise<void> {
    let background: Uint8Array = new Uint8Array(4)
    let foreground: Uint8Array = new Uint8Array(4)
    for (let y = rect.y; y < rect.y + rect.height; y += 16) {
      for (let x = rect.x; x < rect.x + rect.width; x += 16) {
        const tile = { x, y, width: Math.min(16, rect.x + rect.width - x), height: Math.min(16, rect.y + rect.height - y) }
        const flags = await this.#reader.readUint8()
        if ((flags & hextileFlag.raw) !== 0) {
          this.#paint(tile, await this.#reader.read(tile.width * tile.height * 4))
          continue
        }
        if ((flags & hextileFlag.background) !== 0) background = await this.#reader.read(4)
        this.#fill(tile, background)
        if ((flags & hextileFlag.foreground) !== 0) foreground = await this.#reader.read(4)
        if ((flags & hextileFlag.anySubrects) === 0) continue
        await this.#subrects(tile, (flags & hextileFlag.coloured) !== 0, foreground)
      }
    }
  }

  async #subrects(tile: Rect, coloured: boolean, foreground: Uint8Array): Promise<void> {
    const count = await this.#reader.readUint8()
    const each = coloured ? 6 : 2
    const bytes = await this.#reader.read(count * each)
    for (let index = 0; index < count; index += 1) {
      const at = index * each
      const place = bytes[at + each - 2] ?? 0
      const size = bytes[at + each - 1] ?? 0
      const part = { x: tile.x + (place >> 4), y: tile.y + (place & 15), width: (size >> 4) + 1, height: (size & 15) + 1 }
      if (part.x + part.width > tile.x + tile.width || part.y + part.height > tile.y + tile.height) throw new Error('a hextile subrectangle reaches beyond its tile')
      this.#fill(part, coloured ? bytes.subarray(at, at + 4) : foreground)
    }
  }
}

interface Rect {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** 32 bits per pixel, little-endian, red in the lowest byte, so that a pixel's bytes are R, G, B, unused. */
function setPixelFormat(): Uint8Array {
  const bytes = new Uint8Array(20)
  bytes.set([0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16])
  return bytes
}

function setEncodings(encodings: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 + encodings.length * 4)
  bytes[0] = 2
  view(bytes).setUint16(2, encodings.length)
  encodings.forEach((value, index) => view(bytes).setInt32(4 + index * 4, value))
  return bytes
}

function updateRequest(incremental: boolean, width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(10)
  bytes[0] = 3
  bytes[1] = incremental ? 1 : 0
  view(bytes).setUint16(6, width)
  view(bytes).setUint16(8, height)
  return bytes
}
