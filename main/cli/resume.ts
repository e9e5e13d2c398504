import type { Command } from 'commander'
import { addGuestAction } from './actions.ts'
import type { CliContext } from './context.ts'

export function addResumeCommand(program: Command, context: CliContext): void {
  addGuestAction(program, context, {
    verb: 'resume',
    description: 'let paused guests run on',
    help: 'Example:\n  diptych resume linux',
    act: (client, name, _options, signal) => client.guest.resume({ name }, { signal }),
  })
}
