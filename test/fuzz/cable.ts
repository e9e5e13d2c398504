import type { GuestName } from '../../src/contract/names.ts'
import type { Fabric } from '../../src/network/fabric.ts'
import { CORRUPT, FrameReader, HEADER_BYTES } from '../../src/network/frame-reader.ts'
import { Ingress } from '../../src/network/ingress.ts'
import type { Wire } from '../../src/network/wire.ts'
import type { ReadBuffers } from '../../src/network/read-buffers.ts'
import { ReadWindow } from '../../src/node/switch/read-window.ts'
import type { Dice } from './dice.ts'

/** Writes that wait at a time, each keeping the read buffer it lies in. */
const MAX_WAITING = 6

/**
 * A guest's connection as the switch process has it: what is read comes through a ReadWindow over buffers that all
 * share, and some of what is written waits, as with a slow reader. Throws when bytes change while they wait.
 */
export class Cable implements Wire {
  readonly backlogBytes = 0
  readonly #ingress: Ingress
  readonly #window: ReadWindow
  readonly #buffers: ReadBuffers
  readonly #dice: Dice
  readonly #hear: (frame: Uint8Array) => void
  readonly #reader = new FrameReader()
  readonly #waiting: { readonly bytes: Uint8Array; readonly asSent: Uint8Array }[] = []
  #corrupt = false

  constructor(fabric: Fabric, guest: GuestName, buffers: ReadBuffers, dice: Dice, hear: (frame: Uint8Array) => void) {
    this.#buffers = buffers
    this.#dice = dice
    this.#hear = hear
    this.#ingress = new Ingress(fabric, guest, this)
    this.#window = new ReadWindow(buffers, (chunk) => {
      const cut = this.#ingress.push(chunk)
      if (cut === CORRUPT) this.#corrupt = true
      return Math.max(0, cut)
    })
  }

  /** What the guest sends. False once the stream is corrupt. */
  push(chunk: Uint8Array): boolean {
    this.#window.put(chunk)
    this.#window.room().fill(0xee) // as the next read will
    return !this.#corrupt
  }

  send(frames: Uint8Array): void {
    const cut = this.#reader.push(frames, { frame: (chunk, start, end) => this.#hear(chunk.slice(start + HEADER_BYTES, end)), refused: () => {} })
    if (cut !== 0) throw new Error(`${cut} bytes of a frame were sent without the rest`)
    if (this.#waiting.length >= MAX_WAITING || this.#dice.chance(40)) this.settle()
    if (this.#dice.chance(40) && this.#buffers.hold(frames)) this.#waiting.push({ bytes: frames, asSent: frames.slice() })
  }

  /** All that waits is written. */
  settle(): void {
    for (const { bytes, asSent } of this.#waiting.splice(0)) {
      if (Buffer.compare(bytes, asSent) !== 0) throw new Error('bytes changed while they waited to be written')
      this.#buffers.release(bytes)
    }
  }

  /** The guest is gone. */
  unplug(): void {
    this.#ingress.close()
    this.#window.close()
    this.settle()
  }

  pause(): void {}
  resume(): void {}
  close(): void {}
}
