import type { Command } from 'commander'
import { addGuestAction } from './actions.ts'
import type { CliContext } from './context.ts'

export function addSuspendCommand(program: Command, context: CliContext): void {
  addGuestAction(program, context, {
    verb: 'suspend',
    description: "write guests' memory to disk and end them; `start` goes on from there",
    help: 'Start one with --boot cold instead to throw its saved memory away.\n\nExample:\n  diptych suspend linux && diptych start linux',
    act: (client, name, _options, signal) => client.guest.suspend({ name }, { signal }),
  })
}
