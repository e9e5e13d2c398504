import { readFile } from 'node:fs/promises'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { hostLogPath } from '../log.ts'
import { withHost, type CliContext } from './context.ts'
import { json } from './terminal.ts'
import { readGuestName } from './values.ts'

interface LogOptions {
  source: 'serial' | 'engine'
  lines: number
  json?: true
}

export function addLogsCommand(program: Command, context: CliContext): void {
  program
    .command('logs')
    .description("show the last lines of a guest's console, its QEMU, or the host")
    .argument('[guest]', 'the guest; without it, the host')
    .addOption(new Option('--source <which>', "the guest's serial console, or what QEMU wrote").choices(['serial', 'engine']).default('serial'))
    .option('-n, --lines <count>', 'how many lines', readCount, 200)
    .option('--json', 'print text and path as JSON')
    .addHelpText('after', '\nExamples:\n  diptych logs linux -n 50\n  diptych logs windows --source engine\n  diptych logs')
    .action(async (name: string | undefined, options: LogOptions) => {
      const log = name === undefined ? await hostLog(context, options.lines) : await guestLog(context, name, options)
      if (options.json) return context.terminal.print(json(log))
      if (log.text !== '') context.terminal.print(log.text.trimEnd())
      context.terminal.say(`(${log.path})`)
    })
}

function guestLog(context: CliContext, name: string, { source, lines }: LogOptions) {
  const guest = readGuestName(name)
  return withHost(context, (client) => client.guest.logs({ name: guest, source, lines }))
}

/** Read from the file: a host that does not start is the one whose log is wanted. */
async function hostLog(context: CliContext, lines: number) {
  const path = hostLogPath(context.directories)
  const text = await readFile(path, 'utf8').catch(() => '') // none is written before the first start
  return { text: text.trimEnd().split('\n').slice(-lines).join('\n'), path }
}

function readCount(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 1 || count > 10_000) throw new InvalidArgumentError('It must be a whole number from 1 to 10000.')
  return count
}
