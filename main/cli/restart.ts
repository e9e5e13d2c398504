import type { Command } from 'commander'
import { addGuestAction } from './actions.ts'
import type { CliContext } from './context.ts'
import { readSeconds } from './stop.ts'

export function addRestartCommand(program: Command, context: CliContext): void {
  addGuestAction<{ timeout: number }>(program, context, {
    verb: 'restart',
    description: 'shut guests down and start them again from their disks',
    options: (command) => command.option('--timeout <seconds>', 'how long a guest may take to shut down', readSeconds, 60),
    help: 'A guest that does not shut down in time is left running, with exit code 4.\n\nExample:\n  diptych restart linux',
    act: (client, name, { timeout }, signal) => client.guest.restart({ name, timeoutMs: timeout * 1000 }, { signal }),
  })
}
