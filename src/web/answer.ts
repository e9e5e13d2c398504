/** What came of asking for one page. `status` 0: no HTTP answer, `error` says why. */
export interface PageAnswer {
  readonly status: number
  readonly statusLine: string | null
  readonly headers: readonly string[]
  /** The body's first KiB. */
  readonly body: string
  readonly bytes: number
  readonly title: string | null
  readonly server: string | null
  readonly milliseconds: number
  readonly error: string | null
}

/** How much of a body is kept as evidence, in characters. */
export const keptBody = 1_024

export function noAnswer(error: string, milliseconds: number): PageAnswer {
  return { status: 0, statusLine: null, headers: [], body: '', bytes: 0, title: null, server: null, milliseconds, error }
}

/**
 * Reads an HTTP/1.x answer as it came over the wire, head and body; of several heads (100 Continue, redirects followed)
 * the last counts. What is no such answer becomes `noAnswer` with its first words.
 */
export function readAnswer(text: string, milliseconds: number): PageAnswer {
  let rest = text
  let head: string[] | null = null
  while (/^HTTP\/\d/.test(rest)) {
    const end = /\r?\n\r?\n/.exec(rest)
    head = rest.slice(0, end?.index ?? rest.length).split(/\r?\n/)
    rest = end === null ? '' : rest.slice(end.index + end[0].length)
  }
  const [statusLine = '', ...headers] = head ?? []
  const status = Number(/^HTTP\/\d(?:\.\d)? (\d{3})/.exec(statusLine)?.[1] ?? 0)
  if (status === 0) return noAnswer(`not an HTTP answer: ${text.trim().slice(0, 120) || 'nothing'}`, milliseconds)
  return { status, statusLine, headers, body: rest.slice(0, keptBody), bytes: rest.length, title: titleOf(rest), server: headerOf(headers, 'server'), milliseconds, error: null }
}

export function headerOf(headers: readonly string[], name: string): string | null {
  const line = headers.find((header) => header.toLowerCase().startsWith(`${name}:`))
  return line === undefined ? null : line.slice(name.length + 1).trim()
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", nbsp: ' ' }

/** The text of the first `<title>`, on one line, at most 200 characters. */
export function titleOf(html: string): string | null {
  const inner = /<title(?:\s[^>]{0,200})?>([^<]{0,1000})/i.exec(html.slice(0, 65_536))?.[1]
  if (inner === undefined) return null
  const text = inner.replace(/&(amp|lt|gt|quot|#39|nbsp);/g, (_, name: string) => entities[name] ?? '').replace(/\s+/g, ' ').trim()
  return text === '' ? null : text.slice(0, 200)
}
