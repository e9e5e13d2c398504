import type { Command } from 'commander'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { json, table } from './terminal.ts'
import { formatMilliseconds } from './units.ts'
import { readGuestName } from './values.ts'

export function addWebCommand(program: Command, context: CliContext): void {
  program
    .command('web')
    .description("have guests open each other's web pages and say whether it worked")
    .argument('[from]', 'only from this guest')
    .argument('[to]', 'only to this guest')
    .option('--path <path>', 'the page to open', '/')
    .option('--json', 'print every try as JSON')
    .addHelpText('after', '\nExit code 1 when a page did not open.\n\nExamples:\n  diptych web\n  diptych web linux windows --json')
    .action(async (from: string | undefined, to: string | undefined, options: { path: string; json?: true }) => {
      const input = {
        path: options.path,
        ...(from === undefined ? {} : { from: readGuestName(from) }),
        ...(to === undefined ? {} : { to: readGuestName(to) }),
      }
      const probes = await withHost(context, (client) => client.web.probe(input, { signal: context.interrupted }))
      const { terminal } = context
      const rows = probes.map((probe) => [`${probe.from} -> ${probe.to}`, probe.status === 0 ? 'no answer' : String(probe.status), formatMilliseconds(probe.milliseconds), probe.error ?? probe.title ?? '', probe.url])
      terminal.print(options.json ? json(probes) : table(['DIRECTION', 'STATUS', 'TIME', 'PAGE', 'URL'], rows))
      if (probes.length === 0) throw new CommandFailure(exitCodes.no, 'No two guests are running, so no page could be opened.', 'Start them with: diptych up')
      const failed = probes.filter((probe) => probe.status < 200 || probe.status >= 400)
      if (failed.length > 0) throw new CommandFailure(exitCodes.no, `${failed.length} of ${probes.length} pages did not open.`)
    })
}
