import type { Command } from 'commander'
import type { TrashItem } from '../../src/contract/trash.ts'
import type { Client } from '../../src/contract/connection.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { json, table } from './terminal.ts'
import { formatBytes } from './units.ts'
import { readGuestName } from './values.ts'

interface AsJson {
  readonly json?: true
}

/** `diptych trash …`: the deleted guests. */
export function addTrashCommands(program: Command, context: CliContext): void {
  const { terminal } = context
  const trash = program.command('trash').description('list, restore and purge deleted guests')
  trash
    .command('list')
    .description('show what is in the trash, newest first')
    .option('--json', 'print it as JSON')
    .action(async (options: AsJson) => {
      const items = await withHost(context, (client) => client.trash.list())
      if (options.json) return terminal.print(json(items))
      if (items.length === 0) return terminal.say('The trash is empty.')
      terminal.print(table(['ID', 'GUEST', 'SIZE', 'TITLE'], items.map(({ id, name, bytes, title, problem }) => [id, name, formatBytes(bytes), problem ?? title])))
    })
  trash
    .command('restore')
    .description('bring a deleted guest back')
    .argument('<id>', 'its id, or the name it had when only one in the trash had it')
    .option('--name <name>', 'under another name')
    .option('--json', 'print the guest as JSON')
    .action(async (wanted: string, options: AsJson & { name?: string }) => {
      const name = options.name === undefined ? {} : { name: readGuestName(options.name) }
      const guest = await withHost(context, async (client) => client.trash.restore({ id: (await find(client, wanted)).id, ...name }))
      if (options.json) terminal.print(json(guest))
      else terminal.say(`${guest.view.name} is back, ${guest.view.state}.`)
    })
  trash
    .command('purge')
    .description('delete guests in the trash for good')
    .argument('[id...]', 'their ids, or names that only one in the trash had')
    .option('--all', 'everything in the trash')
    .option('--force', 'also where a snapshot of the stage cannot be gone back to without them')
    .option('--json', 'print how many bytes were freed as JSON')
    .action(async (wanted: string[], options: AsJson & { all?: true; force?: true }) => {
      if ((wanted.length === 0) === (options.all === undefined)) throw new CommandFailure(exitCodes.usage, options.all ? '--all and names cannot be given together.' : 'Nothing to purge was named.', 'Name what to purge, or give --all.')
      const freedBytes = await withHost(context, async (client) => {
        const force = options.force === true
        if (options.all) return (await client.trash.empty({ force })).freedBytes
        let freed = 0
        for (const each of wanted) freed += (await client.trash.purge({ id: (await find(client, each)).id, force })).freedBytes
        return freed
      })
      if (options.json) terminal.print(json({ freedBytes }))
      else terminal.say(`${formatBytes(freedBytes)} freed.`)
    })
}

async function find(client: Client, wanted: string): Promise<TrashItem> {
  const items = await client.trash.list()
  const byId = items.find(({ id }) => id === wanted)
  if (byId !== undefined) return byId
  const [only, ...more] = items.filter(({ name }) => name === wanted)
  if (only !== undefined && more.length === 0) return only
  if (only !== undefined) throw new CommandFailure(exitCodes.usage, `${more.length + 1} guests in the trash had the name ${wanted}.`, `Give the id of one: ${[only, ...more].map(({ id }) => id).join(', ')}.`)
  throw new CommandFailure(exitCodes.notFound, `There is no "${wanted}" in the trash.`, items.length === 0 ? 'The trash is empty.' : `There are: ${items.map(({ id }) => id).join(', ')}.`)
}
