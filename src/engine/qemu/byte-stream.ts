/**
 * An open, ordered byte connection (a unix socket in practice), as the protocol sessions of this folder see it.
 * Handlers are set once, right after the stream is handed over; bytes that came before are delivered to them.
 */
export interface ByteStream {
  write(bytes: Uint8Array): void
  /** Ends the connection; `onClose` follows. */
  close(): void
  onData: (chunk: Uint8Array) => void
  /** Called once, with a short reason in words. */
  onClose: (reason: string) => void
}
