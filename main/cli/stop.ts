import { InvalidArgumentError, type Command } from 'commander'
import { addGuestAction } from './actions.ts'
import type { CliContext } from './context.ts'

export function addStopCommand(program: Command, context: CliContext): void {
  addGuestAction<{ force?: true; timeout: number }>(program, context, {
    verb: 'stop',
    description: 'shut guests down',
    options: (command) =>
      command
        .option('-f, --force', 'pull the plug instead of asking the guest')
        .option('--timeout <seconds>', 'how long a guest may take', readSeconds, 60),
    help: 'Asks the guest to shut down and waits. A guest that does not follow is left running, with exit code 4.\n\nExamples:\n  diptych stop linux\n  diptych stop windows --force',
    act: (client, name, { force, timeout }, signal) => client.guest.stop({ name, mode: force ? 'force' : 'graceful', timeoutMs: timeout * 1000 }, { signal }),
  })
}

export function readSeconds(text: string): number {
  const seconds = Number(text)
  if (!/^\d+$/.test(text) || seconds < 1 || seconds > 3600) throw new InvalidArgumentError('It must be a whole number of seconds from 1 to 3600.')
  return seconds
}
