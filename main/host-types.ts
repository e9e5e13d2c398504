import type { Duplex } from 'node:stream'
import type { AnyRouter } from '@orpc/server'
import type { GuestName } from '../src/contract/names.ts'
import type { Uploads } from '../src/node/image/uploads.ts'
import type { Directories } from '../src/node/paths.ts'

/** Where the host writes what it does; pino's logger has this shape. */
export interface HostLogger {
  info(fields: object, message?: string): void
  warn(fields: object, message?: string): void
  error(fields: object, message?: string): void
}

/** What `openHost` gives: the contract's router and the guests' screens. One per data directory. */
export interface Host {
  /** Implements `contract`; served over any transport by src/node/transport. */
  readonly router: AnyRouter
  /** A fresh RFB byte stream to the guest's screen. Rejects with NOT_FOUND or Refusal when there is none. */
  openScreen(guest: GuestName): Promise<Duplex>
  /** Where files that browsers send are kept until they are imported. */
  readonly uploads: Uploads
  /** What is measured, in Prometheus's text format. */
  metrics(): Promise<string>
  /** Writes down, and tells whoever watches, that something in this process failed on the side. */
  tellFailure(text: string): void
  /** Lets go of everything; guests and the switch keep running. */
  close(): Promise<void>
}

export interface HostOptions {
  readonly directories: Directories
  readonly logger?: HostLogger
}

/** Rejects with HostBusy when another process holds the data directory's lock. */
export type OpenHost = (options: HostOptions) => Promise<Host>

/** Another host owns the data directory. */
export class HostBusy extends Error {
  override readonly name = 'HostBusy'
  readonly processId: number
  constructor(processId: number, directory: string) {
    super(`another Diptych host (process ${processId}) is using ${directory}`)
    this.processId = processId
  }
}
