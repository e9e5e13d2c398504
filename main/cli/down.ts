import type { Command } from 'commander'
import { withHost, type CliContext } from './context.ts'
import { json } from './terminal.ts'

export function addDownCommand(program: Command, context: CliContext): void {
  program
    .command('down')
    .description('shut the demonstration guests down, then their network')
    .option('-f, --force', 'pull the plug instead of asking the guests')
    .option('--json', 'print the stage as JSON')
    .addHelpText('after', '\nExample:\n  diptych down')
    .action(async (options: { force?: true; json?: true }) => {
      const stage = await withHost(context, (client) => client.stage.down({ mode: options.force ? 'force' : 'graceful' }, { signal: context.interrupted }))
      if (options.json) context.terminal.print(json(stage))
      else context.terminal.say('All guests are stopped.')
    })
}
