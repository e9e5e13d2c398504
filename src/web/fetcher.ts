import { z } from 'zod'
import { keptBody, noAnswer, readAnswer, type PageAnswer } from './answer.ts'

export interface ProgramOutcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A program in a guest that can ask for a web page. Found once per run of the guest, by starting it. */
export interface Fetcher {
  readonly name: 'diptych-guest' | 'curl' | 'wget' | 'powershell'
  readonly path: string
  /** Arguments with which it ends with code 0 at once, if it is there. */
  readonly detect: readonly string[]
  /** `url` holds printable ASCII without spaces, quotes escaped; `seconds` is whole and at least 1. */
  command(url: string, seconds: number): string[]
  read(outcome: ProgramOutcome, elapsedMs: number): PageAnswer
}

/** What `diptych-guest fetch` prints: one JSON line (build/guests/README.md). */
const FetchLine = z.looseObject({
  status: z.number().int(),
  ms: z.number(),
  bytes: z.number().default(0),
  title: z.string().nullish(),
  server: z.string().nullish(),
  headers: z.record(z.string(), z.string()).nullish(),
  error: z.string().nullish(),
  body: z.string().nullish(),
})

const ours: Fetcher = {
  name: 'diptych-guest',
  path: '/usr/local/bin/diptych-guest',
  detect: ['nonce'],
  command: (url, seconds) => ['fetch', url, '--timeout', String(seconds)],
  read(outcome, elapsedMs) {
    const line = FetchLine.safeParse(parseJson(outcome.stdout.split('\n').find((text) => text.startsWith('{')) ?? ''))
    if (!line.success) return noAnswer(saidBy(outcome), elapsedMs)
    const { status, ms, bytes, title, server, headers, error, body } = line.data
    if (status === 0) return noAnswer(error ?? 'no answer', ms)
    const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`)
    return { status, statusLine: `HTTP ${status}`, headers: lines, body: (body ?? '').slice(0, keptBody), bytes, title: title ?? null, server: server ?? null, milliseconds: ms, error: null }
  },
}

const marker = 'diptych-took:'

/** Output of `head, body, marker, seconds`; what the program said when it is something else. */
function readMarked(outcome: ProgramOutcome, elapsedMs: number): PageAnswer {
  const at = outcome.stdout.lastIndexOf(marker)
  const seconds = at < 0 ? Number.NaN : Number(outcome.stdout.slice(at + marker.length).trim().replace(',', '.'))
  const text = at < 0 ? outcome.stdout : outcome.stdout.slice(0, at)
  if (!text.startsWith('HTTP/')) return noAnswer(saidBy(outcome), elapsedMs)
  return readAnswer(text, Number.isFinite(seconds) && seconds > 0 ? Math.round(seconds * 1_000) : elapsedMs)
}

const curl: Fetcher = {
  name: 'curl',
  path: 'curl',
  detect: ['--version'],
  command: (url, seconds) => ['-sS', '-i', '--http1.1', '--max-time', String(seconds), '-w', `${marker}%{time_total}`, url],
  read: readMarked,
}

/** GNU's and BusyBox's: the head comes on stderr, indented. */
const wget: Fetcher = {
  name: 'wget',
  path: 'wget',
  detect: ['--help'],
  command: (url, seconds) => ['-q', '-S', '-t', '1', '-T', String(seconds), '-O', '-', url],
  read(outcome, elapsedMs) {
    const lines = outcome.stderr.split('\n').map((line) => line.trim())
    const first = lines.findLastIndex((line) => line.startsWith('HTTP/'))
    if (first < 0) return noAnswer(saidBy(outcome), elapsedMs)
    const head = lines.slice(first).filter((line, index) => index === 0 || /^[\w-]+:/.test(line))
    return readAnswer(`${head.join('\n')}\n\n${outcome.stdout}`, elapsedMs)
  },
}

/** Windows PowerShell 3 and later. An answer of 4xx or 5xx arrives as an exception that carries it. */
const powershell: Fetcher = {
  name: 'powershell',
  path: 'powershell.exe',
  detect: ['-NoProfile', '-NonInteractive', '-Command', 'exit 0'],
  command: (url, seconds) => ['-NoProfile', '-NonInteractive', '-Command', powershellScript.replace('%URL%', url.replaceAll("'", "''")).replace('%SECONDS%', String(seconds))],
  read: readMarked,
}

const powershellScript = [
  "$ProgressPreference='SilentlyContinue';$w=[Diagnostics.Stopwatch]::StartNew()",
  "try{$r=Invoke-WebRequest -UseBasicParsing -MaximumRedirection 0 -ErrorAction Stop -TimeoutSec %SECONDS% -Uri '%URL%'}catch{$r=$_.Exception.Response;if($r -eq $null){[Console]::Error.Write($_.Exception.Message);exit 1}}",
  '$o="HTTP/1.1 "+[int]$r.StatusCode+" "+$r.StatusDescription+"`n"',
  'foreach($k in $r.Headers.Keys){$o+=$k+": "+$r.Headers[$k]+"`n"}',
  `[Console]::Out.Write($o+"\`n"+$r.Content+"${marker}"+$w.Elapsed.TotalSeconds.ToString([Globalization.CultureInfo]::InvariantCulture))`,
].join(';')

/** In the order they are tried. */
export const fetchers: readonly Fetcher[] = [ours, curl, wget, powershell]

function saidBy({ exitCode, stdout, stderr }: ProgramOutcome): string {
  return (stderr || stdout).trim().replace(/\s+/g, ' ').slice(0, 200) || `the program in the guest ended with code ${exitCode}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null // reported with what the program said instead
  }
}
