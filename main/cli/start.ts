import { Option, type Command } from 'commander'
import { addGuestAction } from './actions.ts'
import type { CliContext } from './context.ts'

export function addStartCommand(program: Command, context: CliContext): void {
  addGuestAction<{ boot: 'auto' | 'warm' | 'cold'; force?: true; fresh?: true }>(program, context, {
    verb: 'start',
    description: 'start guests',
    options: (command) => command.addOption(new Option('--boot <how>', 'from a warm snapshot or from power-on').choices(['auto', 'warm', 'cold']).default('auto')).option('--fresh', 'clones: live from their template again, with a fresh disk; the old one is kept aside').option('--force', 'also beyond what this computer has left to promise'),
    help: 'Examples:\n  diptych start linux\n  diptych start linux windows --boot cold\n  diptych start web-server-1 --fresh',
    act: async (client, name, { boot, force, fresh }, signal) => {
      if (fresh === true) return { outcome: 'done', guest: await client.template.startFresh({ guest: name, force: force === true }, { signal }) }
      return client.guest.start({ name, boot, force: force === true }, { signal })
    },
  })
}
