/**
 * qemu-guest-agent or its like: a program inside the guest. Whatever it answers is what the guest likes to say, so an
 * implementation bounds and checks it. Every call rejects with EngineFault('agent') when the guest does not answer in
 * time, refuses, or has no agent.
 */
export interface GuestAgent {
  ping(timeoutMs: number): Promise<void>
  osInfo(): Promise<GuestSystem>
  hostName(): Promise<string>
  addresses(): Promise<{ mac: string; ipv4: string[]; ipv6: string[] }[]>
  /** Who is logged in. */
  users(): Promise<GuestUser[]>
  /** The mounted file systems that lie on disks. */
  fileSystems(): Promise<GuestFileSystem[]>
  exec(path: string, args: readonly string[], timeoutMs: number): Promise<GuestProgramResult>
  setTime(epochMs: number): Promise<void>
  /** The vCPUs that the guest sees, in its own order; none when it does not tell. */
  vcpus(): Promise<GuestVcpu[]>
  setVcpus(changes: readonly { readonly id: number; readonly online: boolean }[]): Promise<void>
  /** Brings memory into use that was plugged while the guest ran, where it does not do so by itself. */
  bringMemoryOnline(): Promise<void>
  /**
   * Gives the guest another host name (a DNS label), for good: in force now, or from its next boot on (Windows). `afterwards`:
   * shell that a Unix guest then runs in the same program, with the name in $1; how it ends does not count.
   */
  setHostName(name: string, afterwards?: string): Promise<'now' | 'next-boot'>
  shutdown(): Promise<void>
  /**
   * Runs the guest's own freeze hooks, flushes its file systems and holds back every write; answers how many file systems
   * are held. Until `thaw` the agent does nothing else. Use `whileFrozen`, which thaws whatever happens.
   */
  freeze(timeoutMs: number): Promise<number>
  thaw(timeoutMs: number): Promise<void>
  /** Thaws what a Diptych that was killed left frozen, or this one could not thaw in time; never what it holds. Whether there was anything. */
  thawLeftover(): Promise<boolean>
  /** `write` makes the file or empties it; who must not overwrite looks first. */
  openFile(path: string, mode: 'read' | 'write'): Promise<GuestFile>
}

export interface GuestSystem {
  /** Which commands it understands; null when it did not say. */
  readonly family: 'unix' | 'windows' | null
  readonly name: string
  readonly version: string | null
  readonly kernel: string | null
}

export interface GuestVcpu {
  readonly id: number
  readonly online: boolean
  readonly canOffline: boolean
}

export interface GuestUser {
  readonly name: string
  /** The Windows domain. */
  readonly domain: string | null
  /** Logged in since, epoch milliseconds. */
  readonly since: number | null
}

export interface GuestFileSystem {
  readonly mountPoint: string
  readonly type: string
  readonly device: string
  /** Both null where the guest's agent is too old to say. */
  readonly totalBytes: number | null
  readonly freeBytes: number | null
}

export interface GuestProgramResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** An open file in the guest. One call at a time; `close` at the end, whatever happened. */
export interface GuestFile {
  /** Bytes in the file; the position is at its beginning again. */
  size(): Promise<number>
  /** The next bytes, at most `maximumBytes`; empty at the end of the file. */
  read(maximumBytes: number): Promise<Uint8Array>
  /** Writes all of it, in order. */
  write(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}
