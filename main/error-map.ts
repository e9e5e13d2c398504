import { ORPCError } from '@orpc/server'
import { diskFull, isDiskFull, makeRoom } from '../src/contract/disk-full.ts'
import { errors } from '../src/contract/error.ts'
import { Cancelled, Fault, MissingPrerequisite, Refusal, reasonOf } from '../src/contract/refusal.ts'

/** The one place where what the host throws becomes what the wire carries. */
export function toWireError(error: unknown): ORPCError<string, unknown> {
  if (error instanceof ORPCError) return error
  if (error instanceof Refusal) {
    const { code, subject, message: reason, remedy } = error
    return new ORPCError('REFUSED', { status: errors.REFUSED.status, message: reason, data: { code, subject, reason, remedy } })
  }
  if (error instanceof MissingPrerequisite) {
    const { what, message: reason, remedy } = error
    return new ORPCError('PREREQUISITE', { status: errors.PREREQUISITE.status, message: reason, data: { what, reason, remedy } })
  }
  if (error instanceof Cancelled) {
    return new ORPCError('CANCELLED', { status: errors.CANCELLED.status, message: error.message, data: { what: error.what } })
  }
  if (isDiskFull(error)) return toWireError(new Fault('disk', diskFull({ what: 'A file', place: (error as NodeJS.ErrnoException).path }), { remedy: makeRoom, cause: error }))
  const part = error instanceof Error && 'part' in error && typeof error.part === 'string' ? error.part : 'host'
  const remedy = error instanceof Error && 'remedy' in error && typeof error.remedy === 'string' ? error.remedy : undefined
  return new ORPCError('FAILED', { status: errors.FAILED.status, message: reasonOf(error), data: { part, reason: reasonOf(error), remedy }, cause: error })
}

/** What the file system says of a path that leads nowhere. */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code
  return code === 'ENOENT' || code === 'ENOTDIR'
}

export function notFound(noun: string, name: string, known: readonly string[]): ORPCError<string, unknown> {
  return new ORPCError('NOT_FOUND', { status: errors.NOT_FOUND.status, message: `no ${noun} is named "${name}"`, data: { noun, name, known: [...known] } })
}
