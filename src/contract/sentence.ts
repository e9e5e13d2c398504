import { z } from 'zod'
import { errors, RefusalCode, type ErrorCode, type ErrorData } from './error.ts'

/**
 * The one place where codes and data become what a person reads: what happened, and the way out where there is one.
 * Both are whole sentences.
 */
export interface Sentence {
  readonly what: string
  readonly wayOut: string | null
}

/** What kind of trouble an error is; decides a CLI's exit code and a message's colour. */
export type Trouble = ErrorCode | 'INVALID' | 'DISCONNECTED' | 'UNEXPECTED'

type Told = { [C in ErrorCode]: { readonly trouble: C; readonly data: ErrorData<C> } }[ErrorCode]

export function troubleOf(error: unknown): Trouble {
  const told = readTold(error)
  if (told !== null) return told.trouble
  if (codeOf(error) === 'BAD_REQUEST') return 'INVALID'
  return error instanceof Error && error.name === 'ConnectionClosed' ? 'DISCONNECTED' : 'UNEXPECTED'
}

/** Whatever a call was rejected with, in words. */
export function sentenceFor(error: unknown): Sentence {
  const told = readTold(error)
  if (told !== null) return sentenceForTold(told)
  const message = error instanceof Error ? error.message : String(error)
  switch (troubleOf(error)) {
    case 'INVALID':
      return { what: sentence(`The request is not valid: ${issuesOf(error) ?? message}`), wayOut: null }
    case 'DISCONNECTED':
      return { what: sentence(`The connection to the host ended: ${message}`), wayOut: 'Start Diptych again; running guests are kept and found again.' }
    default:
      return { what: sentence(`Something unexpected went wrong: ${message}`), wayOut: 'Run `diptych doctor`; if it finds nothing, please report this with the output of `diptych logs`.' }
  }
}

/** Which refusal an error is; null when it is none. */
export function refusalCodeOf(error: unknown): RefusalCode | null {
  const told = readTold(error)
  return told?.trouble === 'REFUSED' ? told.data.code : null
}

/** As one line: "what. wayOut." */
export function lineFor(error: unknown): string {
  const { what, wayOut } = sentenceFor(error)
  return wayOut === null ? what : `${what} ${wayOut}`
}

function sentenceForTold(told: Told): Sentence {
  switch (told.trouble) {
    case 'NOT_FOUND':
      return notFound(told.data)
    case 'REFUSED':
      return refused(told.data)
    case 'FAILED':
      return { what: sentence(`${partNames[told.data.part] ?? told.data.part} failed: ${told.data.reason}`), wayOut: optional(told.data.remedy) }
    case 'PREREQUISITE':
      return missing(told.data)
    case 'CANCELLED':
      return { what: sentence(`${told.data.what} was cancelled`), wayOut: 'Nothing half done is left; asking again goes on from what is finished.' }
  }
}

function missing({ what, reason, remedy }: ErrorData<'PREREQUISITE'>): Sentence {
  return { what: sentence(reason.startsWith(what) ? reason : `${what} is needed: ${reason}`, what), wayOut: sentence(remedy) }
}

/** Parts of the host whose names are not plain words. */
const partNames: Readonly<Record<string, string>> = { qemu: 'QEMU', qmp: "QEMU's control channel", agent: 'the guest agent', switch: 'the network switch', disk: 'the disk', cgroup: 'the CPU cap (cgroup)' }

function notFound({ noun, name, known }: ErrorData<'NOT_FOUND'>): Sentence {
  const close = known.find((candidate) => isClose(candidate, name))
  return {
    what: `There is no ${noun} called "${name}".`,
    wayOut:
      close !== undefined ? `Did you mean "${close}"?`
      : known.length > 0 ? `There are: ${known.join(', ')}.`
      : noun === 'guest' ? '`diptych up` makes the two demonstration guests.'
      : null,
  }
}

function refused({ code, subject, reason, remedy }: ErrorData<'REFUSED'>): Sentence {
  const [what, wayOut] = refusals[code](subject, reason)
  return { what: sentence(what, subject), wayOut: optional(remedy) ?? wayOut }
}

/** Per code: what happened, and the way out when the host names none. */
const refusals: Readonly<Record<RefusalCode, (subject: string, reason: string) => readonly [string, string | null]>> = {
  'wrong-state': (subject, reason) => [`${subject} cannot do that now: ${reason}`, null],
  busy: (subject, reason) => [`${subject} is busy: ${reason}`, 'Try again when that is done.'],
  'not-followed': (subject, reason) => [reason.startsWith(subject) ? reason : `${subject} did not do it: ${reason}`, null],
  'agent-needed': (subject, reason) => [`that needs the guest agent of ${subject}: ${reason}`, 'Wait until the guest has booted, or install qemu-guest-agent in it.'],
  unsupported: (subject, reason) => [`that cannot be done for ${subject} on this host: ${reason}`, null],
  'out-of-range': (subject, reason) => [`that value does not fit ${subject}: ${reason}`, null],
  'over-budget': (subject, reason) => [`that would promise ${subject} more than this computer has: ${reason}`, 'Lower the value, or take it from another guest first.'],
  'already-exists': (subject, reason) => [`${subject} exists already: ${reason}`, 'Choose another name.'],
  'in-use': (subject, reason) => [`${subject} is in use: ${reason}`, 'Stop what uses it first.'],
  'would-break': (subject, reason) => [`${subject} is still needed: ${reason}`, 'Say that it may go all the same (--force).'],
  unsafe: (subject, reason) => [`${subject} is not safe to open: ${reason}`, null],
  'not-importable': (subject, reason) => [`${subject} cannot be imported: ${reason}`, null],
  damaged: (subject, reason) => [`${subject} is damaged: ${reason}`, 'Fetch or export it again.'],
}

function readTold(error: unknown): Told | null {
  const code = codeOf(error)
  if (typeof code !== 'string' || !Object.hasOwn(errors, code)) return null
  const trouble = code as ErrorCode // `hasOwn` has just been asked
  const data = errors[trouble].data.safeParse((error as { data?: unknown }).data)
  return data.success ? ({ trouble, data: data.data } as Told) : null // code and data are read by the same row
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

const Issues = z.object({ issues: z.array(z.object({ path: z.array(z.union([z.string(), z.number()])).optional(), message: z.string() })) })

function issuesOf(error: unknown): string | null {
  const data = Issues.safeParse((error as { data?: unknown }).data)
  if (!data.success) return null
  return data.data.issues.map(({ path, message }) => (path === undefined || path.length === 0 ? message : `${path.join('.')}: ${message}`)).join('; ')
}

function optional(text: string | undefined): string | null {
  return text === undefined ? null : sentence(text)
}

/** A full stop at the end, and the first letter in upper case unless the sentence opens with `name`, which stays as it is. */
function sentence(text: string, name?: string): string {
  const trimmed = text.trim()
  const ended = /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`
  return name !== undefined && ended.startsWith(name) ? ended : ended.charAt(0).toUpperCase() + ended.slice(1)
}

/** Whether two names differ by one letter put in, left out, changed or swapped, or one begins with the other. */
function isClose(left: string, right: string): boolean {
  if (left.startsWith(right) || right.startsWith(left)) return true
  let start = 0
  while (start < left.length && left[start] === right[start]) start += 1
  const rest = (text: string, skip: number) => text.slice(start + skip)
  return (
    rest(left, 1) === rest(right, 1) ||
    rest(left, 1) === rest(right, 0) ||
    rest(left, 0) === rest(right, 1) ||
    (left[start] === right[start + 1] && left[start + 1] === right[start] && rest(left, 2) === rest(right, 2))
  )
}
