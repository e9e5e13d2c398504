import type { Command } from 'commander'
import { addGuestAction } from './actions.ts'
import type { CliContext } from './context.ts'

export function addPauseCommand(program: Command, context: CliContext): void {
  addGuestAction(program, context, {
    verb: 'pause',
    description: 'stop the clocks of running guests, keeping their memory',
    help: 'Example:\n  diptych pause linux',
    act: (client, name, _options, signal) => client.guest.pause({ name }, { signal }),
  })
}
