import type { Client } from '../../src/contract/connection.ts'
import type { Directories } from '../../src/node/paths.ts'
import type { Attached } from './attach.ts'
import type { Terminal } from './terminal.ts'

/** Everything a command may touch; a test gives its own. */
export interface CliContext {
  readonly terminal: Terminal
  readonly directories: Directories
  readonly env: NodeJS.ProcessEnv
  /** Aborted by Ctrl+C or SIGTERM. */
  readonly interrupted: AbortSignal
  /** The running host, or one opened in this process for the command. */
  attach(): Promise<Attached>
}

/** Runs a command's work on a connection and lets go of it whatever happens. */
export async function withHost<T>(context: CliContext, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await context.attach()
  try {
    return await work(connection.client)
  } finally {
    await connection.release()
  }
}
