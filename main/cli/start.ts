import { Option, type Command } from 'commander'
import { addGuestAction } from './actions.ts'
import type { CliContext } from './context.ts'

export function addStartCommand(program: Command, context: CliContext): void {
  addGuestAction<{ boot: 'auto' | 'warm' | 'cold'; force?: true }>(program, context, {
    verb: 'start',
    description: 'start guests',
    options: (command) => command.addOption(new Option('--boot <how>', 'from a warm snapshot or from power-on').choices(['auto', 'warm', 'cold']).default('auto')).option('--force', 'also beyond what this computer has left to promise'),
    help: 'Examples:\n  diptych start linux\n  diptych start linux windows --boot cold',
    act: (client, name, { boot, force }, signal) => client.guest.start({ name, boot, force: force === true }, { signal }),
  })
}
