import { Argument, type Command } from 'commander'
import { withHost, type CliContext } from './context.ts'
import { json } from './terminal.ts'

export function addResetCommand(program: Command, context: CliContext): void {
  program
    .command('reset')
    .description('put the stage back to its pristine state: fresh disks, everything as on the first day')
    .addArgument(new Argument('[stage]', 'the stage').choices(['stage']).default('stage'))
    .option('--json', 'print the stage as JSON')
    .addHelpText('after', '\nEnds the guests of the stage at once. What they hold is lost, except snapshots, and the disk of the last run (disk.qcow2.previous).\n\nExample:\n  diptych reset stage')
    .action(async (_stage: string, options: { json?: true }) => {
      const stage = await withHost(context, (client) => client.stage.reset(undefined, { signal: context.interrupted }))
      if (options.json === true) context.terminal.print(json(stage))
      else context.terminal.say(`${stage.guests.join(' and ')} are as on the first day.`)
    })
}
