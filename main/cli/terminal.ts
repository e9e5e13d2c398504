/**
 * Where a command writes: data (tables, JSON) on stdout, words on stderr. Colour and the rewritten progress line only
 * on a terminal; NO_COLOR (no-color.org) turns colour off. A terminal gets no control sequences but colours; a file or pipe
 * gets the text as it is.
 */
export interface Terminal {
  /** stdout, with a line end. */
  print(text: string): void
  /** stderr, with a line end; ends a live line first. */
  say(text: string): void
  /** Rewrites one line on stderr. Does nothing when stderr is no terminal. */
  live(text: string): void
  /** Draws the whole screen anew on a terminal's stdout; elsewhere it prints. */
  frame(text: string): void
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
      stdout.write(`${stdout.isTTY === true ? harmless(text) : text}\n`)
    },
    say(text) {
      endLive()
      stderr.write(`${stderr.isTTY === true ? harmless(text) : text}\n`)
    },
    live(words) {
      if (!interactive) return
      const text = harmless(words)
      const width = (stderr.columns ?? 80) - 1
      stderr.write(`\r\x1b[K${text.length > width ? `${text.slice(0, width - 1)}…` : text}`)
      liveShown = true
    },
    frame(text) {
      // Cursor home, then each line with its rest erased, then everything below: nothing flickers.
      if (stdout.isTTY === true && env['TERM'] !== 'dumb') stdout.write(`\x1b[H${harmless(text).replaceAll('\n', '\x1b[K\n')}\x1b[K\n\x1b[J`)
      else stdout.write(`${text}\n`)
    },
    style(kind, text) {
      const [on, off] = codes[kind]
      return colour ? `\x1b[${on}m${text}\x1b[${off}m` : text
    },
  }
}

/**
 * What a guest says (console lines, requests, titles) may hold sequences that move the cursor, set the title or fill the
 * clipboard (ECMA-48, xterm's OSC 52). Takes out all of them, and every other control character, but line ends, tabs and colours.
 */
export function harmless(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what is to go
  return text.replaceAll(/\u001b(?!\[[0-9;]*m)(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[0-Z\\-~])?|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g, '')
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
