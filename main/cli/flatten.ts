import type { Command } from 'commander'
import { withHost, type CliContext } from './context.ts'
import { withTaskProgress } from './task-progress.ts'
import { json } from './terminal.ts'
import { readGuestName } from './values.ts'

export function addFlattenCommand(program: Command, context: CliContext): void {
  program
    .command('flatten')
    .description("copy what a clone's disk shares with its template into it; also while it runs")
    .argument('<guest>', 'the clone')
    .option('--json', 'print the guest as JSON')
    .addHelpText('after', '\nAfterwards it stands alone, and its template can be deleted. Ctrl+C cancels and leaves it a clone.\n\nExample:\n  diptych flatten web-server-1')
    .action(async (name: string, options: { json?: true }) => {
      const guest = readGuestName(name)
      const flat = await withHost(context, (client) => withTaskProgress(context, client, 'flatten', (signal) => client.template.flatten({ guest }, { signal })))
      if (options.json === true) context.terminal.print(json(flat))
      else context.terminal.say(`${guest} stands alone.`)
    })
}
