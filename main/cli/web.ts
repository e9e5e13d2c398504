import { writeFile } from 'node:fs/promises'
import { InvalidArgumentError, type Command } from 'commander'
import type { GuestName } from '../../src/contract/names.ts'
import { reasonOf } from '../../src/contract/refusal.ts'
import { hostParty, type WebMatrix, type WebProbe } from '../../src/contract/web.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { junitReport } from './junit.ts'
import { json, table, type Terminal } from './terminal.ts'
import { formatMilliseconds } from './units.ts'
import { readGuestName } from './values.ts'

interface WebOptions {
  readonly from?: string
  readonly to?: string
  readonly path: string
  readonly expect?: number
  readonly host?: true
  readonly timeout: number
  readonly interval: number
  readonly json?: true
  readonly junit?: string
  readonly watch?: true
}

export function addWebCommand(program: Command, context: CliContext): void {
  program
    .command('web')
    .description("have guests open each other's web pages and say whether it worked")
    .argument('[from]', 'only from this guest')
    .argument('[to]', 'only to this guest')
    .option('--from <name>', 'only from this guest (or `host`, this computer)')
    .option('--to <name>', 'only to this guest (or `host`: the network’s status page)')
    .option('--host', 'this computer too, in both directions')
    .option('--path <path>', 'the page to open', '/')
    .option('--expect <status>', 'the HTTP status that counts as right; without it, 200 to 399', readStatus)
    .option('--timeout <seconds>', 'how long a page may take', readSeconds, 10)
    .option('--json', 'print every try as JSON')
    .option('--junit <file>', 'write a JUnit report, one test case per direction; with --watch anew after each round')
    .option('--watch', 'go on asking until interrupted')
    .option('--interval <seconds>', 'pause between rounds of --watch', readSeconds, 15)
    .addHelpText('after', '\nExit code 1 when a page did not open, or answered another status than expected.\n\nExamples:\n  diptych web\n  diptych web linux windows --json\n  diptych web --from linux --path /health --expect 200 --junit web.xml\n  diptych web --host --watch')
    .action(async (from: string | undefined, to: string | undefined, options: WebOptions) => {
      const source = options.from ?? from
      const target = options.to ?? to
      if (source !== undefined && source === target) throw new CommandFailure(exitCodes.usage, `${source} is named twice: a page is to be opened by another guest.`, 'Name two different ones.')
      const input = {
        path: options.path,
        timeoutMs: options.timeout * 1_000,
        host: options.host === true,
        ...(source === undefined ? {} : { from: readGuestName(source) }),
        ...(target === undefined ? {} : { to: readGuestName(target) }),
      }
      if (options.watch === true) return watchWeb(context, input, options)
      const probes = await withHost(context, (client) => client.web.probe(input, { signal: context.interrupted }))
      if (options.junit !== undefined) await writeReport(options.junit, probes, options.expect)
      const { terminal } = context
      if (options.json || probes.length > 0) terminal.print(options.json ? json(probes) : probeTable(probes))
      if (probes.length === 0) throw new CommandFailure(exitCodes.no, source === undefined && target === undefined ? 'No two guests are running, so no page could be opened.' : 'No other guest is running, so no page could be opened.', 'Start them with: diptych up')
      const failed = probes.filter((probe) => !isRight(probe, options.expect))
      if (failed.length > 0) throw new CommandFailure(exitCodes.no, `${failed.length} of ${probes.length} pages did not ${options.expect === undefined ? 'open' : `answer ${options.expect}`}.`)
    })
}

/** What counts as right: the status asked for, else any that browsers show or follow. */
export function isRight(probe: WebProbe, expected: number | undefined): boolean {
  return expected === undefined ? probe.status >= 200 && probe.status < 400 : probe.status === expected
}

/** How a probe is known, in words. */
function sourceOf(probe: WebProbe): string {
  return probe.evidence === 'wire' ? 'seen on the wire' : probe.evidence === 'host' ? 'asked by the host' : `asked in ${probe.from} (${probe.method ?? 'agent'})`
}

function probeTable(probes: readonly WebProbe[]): string {
  const rows = probes.map((probe) => [`${probe.from} -> ${probe.to}`, probe.status === 0 ? 'no answer' : String(probe.status), formatMilliseconds(probe.milliseconds), probe.error ?? probe.title ?? '', sourceOf(probe), probe.url])
  return table(['DIRECTION', 'STATUS', 'TIME', 'PAGE', 'KNOWN', 'URL'], rows)
}

async function writeReport(path: string, probes: readonly WebProbe[], expected: number | undefined): Promise<void> {
  const cases = probes.map((probe) => ({
    name: `${probe.from} opens ${probe.url}`,
    seconds: probe.milliseconds / 1_000,
    failure: isRight(probe, expected) ? null : `status ${probe.status}, expected ${expected ?? '200 to 399'}${probe.error === null ? '' : `: ${probe.error}`}`,
    output: `${sourceOf(probe)}; title: ${probe.title ?? '-'}; server: ${probe.server ?? '-'}; ${probe.bytes} bytes`,
  }))
  await writeFile(path, junitReport('diptych web', cases)).catch((error: unknown) => {
    throw new CommandFailure(exitCodes.failed, `The report could not be written: ${reasonOf(error)}.`, 'Name a file in a folder you can write to.')
  })
}

type WatchInput = { path: string; from?: GuestName; to?: GuestName; host: boolean }

/** Tells each new answer of a direction; with --json as a line of JSON. */
async function watchWeb(context: CliContext, input: WatchInput, options: WebOptions): Promise<void> {
  const { terminal } = context
  const wanted = (cell: WebMatrix['cells'][number]) =>
    (input.from === undefined || cell.from === input.from) && (input.to === undefined || cell.to === input.to) && (input.host || input.from === hostParty || input.to === hostParty || (cell.from !== hostParty && cell.to !== hostParty))
  const told = new Map<string, string>()
  await withHost(context, async (client) => {
    for (const name of [input.from, input.to]) if (name !== undefined && name !== hostParty) await client.guest.get({ name })
    try {
      const stream = await client.web.watch({ path: input.path, intervalMs: options.interval * 1_000 }, { signal: context.interrupted })
      for await (const matrix of stream) {
        const cells = matrix.cells.filter(wanted)
        for (const cell of cells) tellCell(terminal, cell, told, options)
        const probes = cells.flatMap(({ probe }) => probe ?? [])
        if (options.junit !== undefined && probes.length > 0 && !cells.some((cell) => cell.checking)) await writeReport(options.junit, probes, options.expect)
      }
    } catch (error) {
      if (!context.interrupted.aborted) throw error
    }
  })
}

function tellCell(terminal: Terminal, cell: WebMatrix['cells'][number], told: Map<string, string>, options: WebOptions): void {
  const direction = `${cell.from} -> ${cell.to}`
  const { probe } = cell
  if (probe === null || cell.checking || told.get(direction) === probe.at) return
  told.set(direction, probe.at)
  if (options.json === true) return terminal.print(JSON.stringify(probe))
  const right = isRight(probe, options.expect)
  const what = probe.status === 0 ? 'no answer' : String(probe.status)
  terminal.print(`${probe.at}  ${direction.padEnd(22)}  ${terminal.style(right ? 'good' : 'bad', what.padEnd(9))}  ${formatMilliseconds(probe.milliseconds).padEnd(8)}  ${probe.error ?? probe.title ?? ''}`)
}

function readStatus(text: string): number {
  if (!/^[1-5]\d\d$/.test(text)) throw new InvalidArgumentError('It must be an HTTP status from 100 to 599.')
  return Number(text)
}

function readSeconds(text: string): number {
  const seconds = Number(text)
  if (!/^\d+$/.test(text) || seconds < 2 || seconds > 60) throw new InvalidArgumentError('It must be a whole number of seconds from 2 to 60.')
  return seconds
}
