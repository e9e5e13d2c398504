import type { ContractRouterClient } from '@orpc/contract'
import type { Contract } from './contract.ts'
import type { GuestName } from './names.ts'

/** The typed client: `client.guest.start({ name })`. */
export type Client = ContractRouterClient<Contract>

/**
 * A raw byte channel to a guest's screen (RFB, RFC 6143), in the shape noVNC's RFB constructor accepts
 * (a WebSocket look-alike). `send` copies its argument before returning: noVNC reuses its buffer.
 */
export interface ScreenChannel {
  binaryType: string
  readonly protocol: string
  /** 'connecting' | 'open' | 'closing' | 'closed', as WebSocket's numbers. */
  readonly readyState: number
  onopen: ((event: unknown) => void) | null
  onmessage: ((event: { data: ArrayBuffer }) => void) | null
  onclose: ((event: { code: number; reason: string }) => void) | null
  onerror: ((event: unknown) => void) | null
  send(data: Uint8Array | ArrayBuffer): void
  close(code?: number, reason?: string): void
}

/**
 * What a shell hands to the renderer, the CLI or a test: the same over MessagePort, WebSocket and unix socket.
 * Calls made after `closed` settles are rejected with ConnectionClosed, never left hanging.
 */
export interface Connection {
  readonly client: Client
  openScreen(guest: GuestName): ScreenChannel
  /** Settles with the reason when the other side goes away or `close` is called. */
  readonly closed: Promise<string>
  close(): void
}

/** Every call pending or made on a closed connection ends with this. */
export class ConnectionClosed extends Error {
  override readonly name = 'ConnectionClosed'
}
