import { LineCounter, parseDocument, stringify } from 'yaml'
import { GuestDefinition } from './definition.ts'

/** A guest file that cannot be used, with every fault's line and column. It is reported and never overwritten. */
export class GuestFileFault extends Error {
  override readonly name = 'GuestFileFault'
  readonly path: string
  readonly faults: readonly FileFault[]
  constructor(path: string, faults: readonly FileFault[]) {
    super(`${path} cannot be used: ${faults.map((fault) => `line ${fault.line}, column ${fault.column}: ${fault.text}`).join('; ')}`)
    this.path = path
    this.faults = faults
  }
}

export interface FileFault {
  readonly line: number
  readonly column: number
  readonly text: string
}

/** Parses a guest.yaml (YAML 1.2). Throws GuestFileFault naming line and column of every fault. */
export function parseGuestFile(text: string, path: string): GuestDefinition {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true, maxAliasCount: 0 } as Parameters<typeof parseDocument>[1])
  if (document.errors.length > 0) {
    throw new GuestFileFault(
      path,
      document.errors.map((error) => {
        const at = lines.linePos(error.pos[0])
        return { line: at.line, column: at.col, text: error.message.split('\n')[0] ?? error.message }
      }),
    )
  }
  const parsed = GuestDefinition.safeParse(document.toJS({ maxAliasCount: 0 }))
  if (parsed.success) return parsed.data
  throw new GuestFileFault(
    path,
    parsed.error.issues.map((issue) => {
      const keys = issue.code === 'unrecognized_keys' ? issue.keys : []
      const at = lines.linePos(positionOf(document, [...issue.path, ...keys.slice(0, 1)]))
      const where = issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''
      return { line: at.line, column: at.col, text: `${where}${issue.message}` }
    }),
  )
}

type Document = ReturnType<typeof parseDocument>

/** Byte offset of the deepest node of `path` that exists, so that a missing key points at the map that lacks it. */
function positionOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    const range = rangeOf(node)
    if (range !== null) return range
  }
  return 0
}

function rangeOf(node: unknown): number | null {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return null
  const start: unknown = node.range[0]
  return typeof start === 'number' ? start : null
}

/** The text of a new guest.yaml, with a heading that says whose file it is. */
export function formatGuestFile(definition: GuestDefinition): string {
  return `# ${definition.title}: a Diptych guest. Edit while the guest is stopped; comments are kept.\n${stringify(definition)}`
}

/** Changes single values of a guest.yaml, keeping comments, order and blank lines. */
export function editGuestFile(text: string, changes: readonly { path: readonly string[]; value: unknown }[]): string {
  const document = parseDocument(text)
  for (const change of changes) document.setIn(change.path, change.value)
  return String(document)
}
