import { troubleOf, type Trouble } from '../../src/contract/sentence.ts'

/** Exit codes of every `diptych` command (design.md, 13). */
export const exitCodes = {
  done: 0,
  /** The command worked and its answer is "no": a check failed, a page did not open. */
  no: 1,
  usage: 2,
  notFound: 3,
  refused: 4,
  failed: 5,
  prerequisite: 6,
  interrupted: 130,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

const byTrouble: Readonly<Record<Trouble, ExitCode>> = {
  NOT_FOUND: exitCodes.notFound,
  REFUSED: exitCodes.refused,
  FAILED: exitCodes.failed,
  PREREQUISITE: exitCodes.prerequisite,
  CANCELLED: exitCodes.interrupted,
  INVALID: exitCodes.usage,
  DISCONNECTED: exitCodes.failed,
  UNEXPECTED: exitCodes.failed,
}

/** An end the CLI itself decides: what happened, the way out, and the exit code. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly exitCode: ExitCode
  readonly wayOut: string | null
  constructor(exitCode: ExitCode, what: string, wayOut: string | null = null, cause?: unknown) {
    super(what, { cause })
    this.exitCode = exitCode
    this.wayOut = wayOut
  }
}

export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof CommandFailure ? error.exitCode : byTrouble[troubleOf(error)]
}
