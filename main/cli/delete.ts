import type { Command } from 'commander'
import { withHost, type CliContext } from './context.ts'
import { json } from './terminal.ts'
import { formatBytes } from './units.ts'
import { readGuestName } from './values.ts'

export function addDeleteCommand(program: Command, context: CliContext): void {
  program
    .command('delete')
    .alias('rm')
    .description('move stopped guests to the trash')
    .argument('<guest...>', 'the guests, by name')
    .option('--purge', 'delete them for good at once')
    .option('--force', 'also where a snapshot of the stage cannot be gone back to without them')
    .option('--json', 'print what is in the trash, or was purged, as JSON')
    .addHelpText('after', '\nBring one back with: diptych trash restore\n\nExamples:\n  diptych delete web-2\n  diptych delete old --purge')
    .action(async (names: string[], options: { purge?: true; force?: true; json?: true }) => {
      const guests = names.map(readGuestName)
      const force = options.force === true
      const { terminal } = context
      const done = await withHost(context, async (client) => {
        const items = []
        for (const name of guests) {
          const item = await client.guest.delete({ name, force })
          if (options.purge) await client.trash.purge({ id: item.id, force })
          if (!options.json) terminal.say(options.purge ? `${name} is deleted for good: ${formatBytes(item.bytes)} freed.` : `${name} is in the trash. Bring it back with: diptych trash restore ${item.id}`)
          items.push(item)
        }
        return items
      })
      if (options.json) terminal.print(json(done))
    })
}

export function addRenameCommand(program: Command, context: CliContext): void {
  program
    .command('rename')
    .description('give a stopped guest another name; its folder and DNS name follow')
    .argument('<guest>', 'the guest')
    .argument('<to>', 'its new name')
    .option('--json', 'print the guest as JSON')
    .action(async (name: string, to: string, options: { json?: true }) => {
      const renamed = { name: readGuestName(name), to: readGuestName(to) }
      const guest = await withHost(context, (client) => client.guest.rename(renamed))
      if (options.json) context.terminal.print(json(guest))
      else context.terminal.say(`${name} is ${to} now, on its networks as ${guest.view.network.dnsName}.`)
    })
}
