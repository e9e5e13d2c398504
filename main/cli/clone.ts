import { InvalidArgumentError, type Command } from 'commander'
import type { Client } from '../../src/contract/connection.ts'
import type { GuestName } from '../../src/contract/names.ts'
import type { TemplateView } from '../../src/contract/template.ts'
import { withHost, type CliContext } from './context.ts'
import { withTaskProgress } from './task-progress.ts'
import { json } from './terminal.ts'
import { readGuestName, readTitle } from './values.ts'

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
    .option('--title <title>', 'what they are called in the window', readTitle)
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

async function sourceOf(client: Client, name: GuestName): Promise<CloneSource> {
  const [templates, guests] = await Promise.all([client.template.list(), client.guest.list()])
  return sourceFor(name, templates, guests.map(({ view }) => view.name))
}

type CloneSource = { template: GuestName } | { guest: GuestName }

/** A template comes before a guest of that name, unless it was made on the way to another clone: that is the guest as it was then. */
export function sourceFor(name: GuestName, templates: readonly Pick<TemplateView, 'name' | 'automatic'>[], guests: readonly GuestName[]): CloneSource {
  const template = templates.find((each) => each.name === name)
  if (template === undefined || (template.automatic && guests.includes(name))) return { guest: name } // what is neither is said to be no guest
  return { template: name }
}

function readCount(text: string): number {
  if (!/^[1-9]\d?$/.test(text) || Number(text) > 32) throw new InvalidArgumentError('It must be a whole number from 1 to 32.')
  return Number(text)
}
