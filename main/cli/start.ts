import { Option, type Command } from 'commander'
import { addGuestAction } from './actions.ts'
import type { CliContext } from './context.ts'

export function addStartCommand(program: Command, context: CliContext): void {
  addGuestAction<{ boot: 'auto' | 'warm' | 'cold' }>(program, context, {
    verb: 'start',
    description: 'start guests',
    options: (command) => command.addOption(new Option('--boot <how>', 'from a warm snapshot or from power-on').choices(['auto', 'warm', 'cold']).default('auto')),
    help: 'Examples:\n  diptych start linux\n  diptych start linux windows --boot cold',
    act: (client, name, { boot }, signal) => client.guest.start({ name, boot }, { signal }),
  })
}
