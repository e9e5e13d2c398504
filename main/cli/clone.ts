import { InvalidArgumentError, type Command } from 'commander'
import type { Client } from '../../src/contract/connection.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { withHost, type CliContext } from './context.ts'
import { withTaskProgress } from './task-progress.ts'
import { json } from './terminal.ts'
import { readGuestName } from './values.ts'

interface CloneOptions {
  readonly count: number
  readonly title?: string
  readonly start: boolean
  readonly force?: true
  readonly json?: true
}

export function addCloneCommand(program: Command, context: CliContext): void {
  program
    .command('clone')
    .description('make new guests from a template, or from a guest as it is now')
    .argument('<source>', 'the template; or the guest, when no template has that name')
    .argument('[name]', "the new guest's name; further ones are numbered")
    .option('-n, --count <count>', 'how many', readCount, 1)
    .option('--title <title>', 'what they are called in the window')
    .option('--no-start', 'leave them stopped; they boot when they are started')
    .option('--force', 'start them also beyond what this computer has left to promise')
    .option('--json', 'print the guests and the time it took as JSON')
    .addHelpText('after', '\nA clone of a live template goes on from its memory in a fraction of a second, as a machine of its own: other addresses, name, disk.\n\nExamples:\n  diptych clone web-server\n  diptych clone web-server shop --count 3\n  diptych clone linux experiment')
    .action(async (source: string, name: string | undefined, options: CloneOptions) => {
      const wished = readGuestName(source)
      const wishes = { count: options.count, start: options.start, force: options.force === true, ...(name === undefined ? {} : { name: readGuestName(name) }), ...(options.title === undefined ? {} : { title: options.title }) }
      const made = await withHost(context, async (client) => {
        const from = await sourceOf(client, wished)
        return withTaskProgress(context, client, 'clone', (signal) => client.template.clone({ from, ...wishes }, { signal }))
      })
      if (options.json === true) return context.terminal.print(json(made))
      const names = made.guests.map(({ view }) => view.name).join(', ')
      const verb = made.guests.length === 1 ? (options.start ? 'runs' : 'is there') : options.start ? 'run' : 'are there'
      context.terminal.say(`${names} ${verb} (${(made.milliseconds / 1000).toFixed(2)} s).`)
    })
}

/** A template of that name comes first; what is neither is said to be no guest. */
async function sourceOf(client: Client, name: GuestName): Promise<{ template: GuestName } | { guest: GuestName }> {
  const templates = await client.template.list()
  return templates.some((template) => template.name === name) ? { template: name } : { guest: name }
}

function readCount(text: string): number {
  if (!/^[1-9]\d?$/.test(text) || Number(text) > 32) throw new InvalidArgumentError('It must be a whole number from 1 to 32.')
  return Number(text)
}
