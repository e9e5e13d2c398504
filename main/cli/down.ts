import type { Command } from 'commander'
import type { Client } from '../../src/contract/connection.ts'
import { isOff } from '../../src/contract/guest.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { withHost, type CliContext } from './context.ts'
import { json } from './terminal.ts'

interface DownOptions {
  readonly all?: true
  readonly force?: true
  readonly json?: true
}

export function addDownCommand(program: Command, context: CliContext): void {
  program
    .command('down')
    .description('shut the two demonstration guests down, or all guests; without any, the network too')
    .option('-a, --all', 'every other guest too, before them')
    .option('-f, --force', 'pull the plug instead of asking the guests')
    .option('--json', 'print the stage as JSON')
    .addHelpText('after', '\nWithout --all, guests of your own go on running, and the private networks with them.\n\nExamples:\n  diptych down\n  diptych down --all')
    .action(async (options: DownOptions) => {
      const mode = options.force ? 'force' : 'graceful'
      const { stage, others } = await withHost(context, async (client) => {
        if (options.all) for (const name of await othersUp(client)) await client.guest.stop({ name, mode }, { signal: context.interrupted })
        return { stage: await client.stage.down({ mode }, { signal: context.interrupted }), others: await othersUp(client) }
      })
      if (options.json) context.terminal.print(json(stage))
      else if (others.length === 0) context.terminal.say('All guests are stopped.')
      else context.terminal.say(`The demonstration guests are stopped. Still up: ${others.join(', ')}; diptych down --all stops them too.`)
    })
}

/** The guests besides the demonstration pair that a machine runs for. */
async function othersUp(client: Client): Promise<GuestName[]> {
  const [{ guests: pair }, guests] = await Promise.all([client.stage.get(), client.guest.list()])
  return guests.flatMap(({ view: { name, state } }) => (isOff(state) || pair.includes(name) ? [] : [name]))
}
