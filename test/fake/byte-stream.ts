import type { ByteStream } from '../../src/engine/qemu/byte-stream.ts'

/** A stream whose other side is the test: what was written, and `receive`/`drop` to answer. */
export class FakeStream implements ByteStream {
  readonly written: string[] = []
  closed = false
  onData: (chunk: Uint8Array) => void = () => undefined
  onClose: (reason: string) => void = () => undefined
  /** Called after each write with its text. */
  onWrite: (text: string) => void = () => undefined

  write(bytes: Uint8Array): void {
    const text = new TextDecoder().decode(bytes)
    this.written.push(text)
    this.onWrite(text)
  }
  close(): void {
    if (this.closed) return
    this.closed = true
    this.onClose('closed here')
  }
  receive(message: string | Uint8Array): void {
    this.onData(typeof message === 'string' ? new TextEncoder().encode(message) : message)
  }
  /** Sends one JSON message a line. */
  tell(message: object): void {
    this.receive(`${JSON.stringify(message)}\r\n`)
  }
}
