import type { Command } from 'commander'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { json } from './terminal.ts'
import { readGuestName } from './values.ts'

const defaultSeconds = 60

export function addExecCommand(program: Command, context: CliContext): void {
  program
    .command('exec')
    .description('run a program in a guest, through its agent, and print what it wrote')
    .argument('<guest>', 'the guest')
    .argument('<program>', 'its full path in the guest')
    .argument('[args...]', 'its arguments, after --')
    .option('--timeout <seconds>', 'how long to wait for its end', String(defaultSeconds))
    .option('--json', 'print exit code and output as JSON')
    .addHelpText('after', "\nThe program runs without a terminal, as the agent's user (usually root). Exit code: the program's own.\n\nExamples:\n  diptych exec linux /bin/uname -- -a\n  diptych exec linux /bin/sh -- -c 'df -h; free -m'")
    .action(async (name: string, program: string, args: string[], options: { timeout: string; json?: true }) => {
      const guest = readGuestName(name)
      const seconds = Number(options.timeout)
      if (!(seconds > 0 && seconds <= 600)) throw new CommandFailure(exitCodes.usage, `--timeout takes up to 600 seconds; "${options.timeout}" is not that.`)
      const { exitCode, stdout, stderr } = await withHost(context, (client) =>
        client.guest.exec({ name: guest, path: program, args, timeoutMs: Math.ceil(seconds * 1_000) }, { signal: context.interrupted }),
      )
      if (options.json) context.terminal.print(json({ exitCode, stdout, stderr }))
      else {
        if (stdout !== '') context.terminal.print(stdout.replace(/\n$/, ''))
        if (stderr !== '') context.terminal.say(stderr.replace(/\n$/, ''))
      }
      if (exitCode !== 0) throw new ProgramFailure(program, exitCode)
    })
}

/** The program ran and ended with another code than 0, which becomes the command's. */
export class ProgramFailure extends Error {
  override readonly name = 'ProgramFailure'
  readonly exitCode: number
  constructor(program: string, exitCode: number) {
    super(`${program} ended with ${exitCode}`)
    this.exitCode = exitCode
  }
}
