import type { RefusalCode } from './error.ts'

/** An expected "no": thrown inside the host, sent as REFUSED with this data. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode
  readonly subject: string
  readonly remedy: string | undefined
  constructor(code: RefusalCode, subject: string, reason: string, remedy?: string) {
    super(reason)
    this.code = code
    this.subject = subject
    this.remedy = remedy
  }
}

/** Something outside the host failed: `part` says what. Sent as FAILED. EngineFault has the same shape. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly part: string
  readonly remedy: string | undefined
  constructor(part: string, reason: string, options: { remedy?: string | undefined; cause?: unknown } = {}) {
    super(reason, { cause: options.cause })
    this.part = part
    this.remedy = options.remedy
  }
}

/** The person has to install, free or change something first. Sent as PREREQUISITE. */
export class MissingPrerequisite extends Error {
  override readonly name = 'MissingPrerequisite'
  readonly what: string
  readonly remedy: string
  constructor(what: string, reason: string, remedy: string) {
    super(reason)
    this.what = what
    this.remedy = remedy
  }
}

/** The work was cancelled by the person who asked for it. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled'
  readonly what: string
  constructor(what: string) {
    super(`${what} was cancelled`)
    this.what = what
  }
}

/** What went wrong, in words, whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
