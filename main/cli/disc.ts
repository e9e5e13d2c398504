import type { Command } from 'commander'
import type { Client } from '../../src/contract/connection.ts'
import type { DiscView } from '../../src/contract/disc.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { json, table } from './terminal.ts'
import { formatBytes } from './units.ts'

interface AsJson {
  readonly json?: true
}

/** `diptych disc …`: the discs that browsers have sent. */
export function addDiscCommands(program: Command, context: CliContext): void {
  const { terminal } = context
  const disc = program.command('disc').description('list and delete the discs that a browser has sent')
  disc
    .command('list')
    .description('show them, newest first, with who has each in a drive')
    .option('--json', 'print them as JSON')
    .addHelpText('after', '\nA disc can be put into any drive by its path:\n  diptych edit web cdrom=PATH')
    .action(async (options: AsJson) => {
      const discs = await withHost(context, (client) => client.disc.list())
      if (options.json) return terminal.print(json(discs))
      if (discs.length === 0) return terminal.say('No disc is kept. Those in drives are used where they are.')
      terminal.print(table(['NAME', 'SIZE', 'IN A DRIVE OF', 'PATH'], discs.map(({ name, bytes, users, path }) => [name, formatBytes(bytes), users.length === 0 ? 'nobody' : users.join(', '), path])))
    })
  disc
    .command('delete')
    .description('delete a disc for good; refused while somebody has it in a drive')
    .argument('<disc>', 'its name, or its id where two have one name')
    .option('--json', 'print how many bytes were freed as JSON')
    .action(async (wanted: string, options: AsJson) => {
      const { name, freedBytes } = await withHost(context, async (client) => {
        const found = await find(client, wanted)
        return { name: found.name, ...(await client.disc.delete({ id: found.id })) }
      })
      if (options.json) terminal.print(json({ freedBytes }))
      else terminal.say(`${name} is gone; ${formatBytes(freedBytes)} freed.`)
    })
}

async function find(client: Client, wanted: string): Promise<DiscView> {
  const discs = await client.disc.list()
  const [only, ...more] = discs.filter(({ id, name, path }) => [id, name, path].includes(wanted))
  if (only !== undefined && more.length === 0) return only
  if (only !== undefined) throw new CommandFailure(exitCodes.usage, `${more.length + 1} discs have the name ${wanted}.`, `Give the id of one: ${[only, ...more].map(({ id }) => id).join(', ')}.`)
  throw new CommandFailure(exitCodes.notFound, `There is no disc "${wanted}".`, discs.length === 0 ? 'No disc is kept.' : `There are: ${discs.map(({ name }) => name).join(', ')}.`)
}
