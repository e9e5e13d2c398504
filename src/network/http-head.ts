/** The longest head that is read; of a longer one only the first line is used. */
export const MAX_HEAD_CHARACTERS = 8_192

/** How the body behind a head ends (RFC 9112 §6.3). */
export type BodyLength = number | 'chunked' | 'unknown'

export interface RequestHead {
  readonly method: string
  readonly target: string
  readonly host: string | null
  readonly body: BodyLength
}

export interface ResponseHead {
  readonly status: number
  readonly body: BodyLength
}

const REQUEST_LINE = /^([A-Z][A-Z-]{1,15}) (\S{1,8000}) HTTP\/1\.[01](?:\r?\n|$)/
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |\r?\n|$)/

export function parseRequestHead(head: string): RequestHead | null {
  const match = REQUEST_LINE.exec(head)
  if (match === null) return null
  const [, method = '', target = ''] = match
  const host = field(head, 'host')
  return { method, target: printable(target, 512), host: host === null || host === '' ? null : printable(host, 255), body: bodyOf(head, 0) }
}

export function parseResponseHead(head: string): ResponseHead | null {
  const match = STATUS_LINE.exec(head)
  if (match === null) return null
  return { status: Number(match[1]), body: bodyOf(head, 'unknown') }
}

function bodyOf(head: string, without: BodyLength): BodyLength {
  if (/\bchunked\b/i.test(field(head, 'transfer-encoding') ?? '')) return 'chunked'
  const length = field(head, 'content-length')
  return length !== null && /^\d{1,15}$/.test(length) ? Number(length) : without
}

function field(head: string, name: string): string | null {
  const match = new RegExp(`\\n${name}:[ \\t]*([^\\r\\n]*)`, 'i').exec(head)
  return match === null ? null : (match[1] ?? '').trim()
}

/** What a guest wrote, safe to show: printable ASCII, the rest as %XX, cut to `limit`. */
function printable(text: string, limit: number): string {
  const safe = text.slice(0, limit).replace(/[^\x21-\x7e]/g, (character) => (character.charCodeAt(0) > 255 ? '?' : `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`))
  return text.length > limit ? `${safe}…` : safe
}
