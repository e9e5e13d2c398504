/**
 * Where a command writes: data (tables, JSON) on stdout, words on stderr. Colour and the rewritten progress line only
 * on a terminal; NO_COLOR (no-color.org) turns colour off.
 */
export interface Terminal {
  /** stdout, with a line end. */
  print(text: string): void
  /** stderr, with a line end; ends a live line first. */
  say(text: string): void
  /** Rewrites one line on stderr. Does nothing when stderr is no terminal. */
  live(text: string): void
  readonly interactive: boolean
  style(kind: Style, text: string): string
}

export type Style = 'good' | 'bad' | 'warn' | 'quiet' | 'strong'

const codes: Readonly<Record<Style, readonly [number, number]>> = { good: [32, 39], bad: [31, 39], warn: [33, 39], quiet: [2, 22], strong: [1, 22] }

export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

export function createTerminal(stdout: Output, stderr: Output, env: NodeJS.ProcessEnv): Terminal {
  const interactive = stderr.isTTY === true && env['TERM'] !== 'dumb'
  const colour = stdout.isTTY === true && env['TERM'] !== 'dumb' && !env['NO_COLOR']
  let liveShown = false
  const endLive = () => {
    if (liveShown) stderr.write('\r\x1b[K')
    liveShown = false
  }
  return {
    interactive,
    print(text) {
      endLive()
      stdout.write(`${text}\n`)
    },
    say(text) {
      endLive()
      stderr.write(`${text}\n`)
    },
    live(text) {
      if (!interactive) return
      const width = (stderr.columns ?? 80) - 1
      stderr.write(`\r\x1b[K${text.length > width ? `${text.slice(0, width - 1)}…` : text}`)
      liveShown = true
    },
    style(kind, text) {
      const [on, off] = codes[kind]
      return colour ? `\x1b[${on}m${text}\x1b[${off}m` : text
    },
  }
}

/** Columns padded to their widest cell, two spaces apart; the last column is not padded. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) => line.map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  '))
    .join('\n')
}

/** One JSON document, as `--json` prints it. */
export function json(value: unknown): string {
  return JSON.stringify(value, null, 2)
}
