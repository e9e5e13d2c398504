/** The sending side of one guest's connection; an adapter over a socket. */
export interface Wire {
  /** Bytes accepted and not yet taken by the guest. */
  readonly backlogBytes: number
  /** Sends whole frames with their length headers. */
  send(frames: Uint8Array): void
  /** Takes no more from the guest until as many `resume` as `pause` were called; its frames wait on its side. */
  pause(): void
  resume(): void
  close(): void
}
