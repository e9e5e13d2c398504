import { Option, type Command } from 'commander'
import type { HistorySpan } from '../../src/contract/host.ts'
import { withHost, type CliContext } from './context.ts'
import { json } from './terminal.ts'

export function addHistoryCommand(program: Command, context: CliContext): void {
  program
    .command('history')
    .description('print what the guests used since the host started, as comma-separated values')
    .addOption(new Option('--span <span>', 'the last minute, the last quarter of an hour, or all of it').choices(['minute', 'quarter-hour', 'session']).default('session'))
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nThe host keeps it, so it holds what happened while `diptych serve` or the window was open.\n\nExamples:\n  diptych history --span minute > load.csv')
    .action(async ({ span, json: asJson }: { span: HistorySpan; json?: true }) => {
      const { terminal } = context
      await withHost(context, async (client) => {
        if (asJson) return terminal.print(json(await client.host.history({ span })))
        const { csv } = await client.host.exportHistory({ span })
        terminal.print(csv.trimEnd())
      })
    })
}
