import type { Command } from 'commander'
import { mebibytesInWords } from '../../src/contract/amount.ts'
import type { TemplateView } from '../../src/contract/template.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { withTaskProgress } from './task-progress.ts'
import { json, table } from './terminal.ts'
import { formatBytes } from './units.ts'
import { readGuestName, readTitle } from './values.ts'

interface MakeOptions {
  readonly title?: string
  readonly live?: true
  readonly cold?: true
  readonly json?: true
}

/** `diptych template …`: guests frozen as they were, to be cloned. */
export function addTemplateCommands(program: Command, context: CliContext): void {
  const { terminal } = context
  const template = program.command('template').description('list, make and delete templates, which clones begin from').addHelpText('after', '\nEach takes --json.')
  template
    .command('list')
    .description('show the templates and who stands on them')
    .option('--json', 'print them as JSON')
    .action(async (options: { json?: true }) => {
      const templates = await withHost(context, (client) => client.template.list())
      if (options.json === true) return terminal.print(json(templates))
      if (templates.length === 0) return terminal.say('There are no templates. Make one of a guest with: diptych template make GUEST')
      terminal.print(table(['TEMPLATE', 'KIND', 'MEMORY', 'SIZE', 'CLONES', 'TITLE'], templates.map(rowOf)))
    })
  template
    .command('make')
    .description('make a template of a guest, which goes on as before')
    .argument('<guest>', 'the guest')
    .argument('[name]', "the template's name; default: the guest's")
    .option('--title <title>', 'what it is called in the window', readTitle)
    .option('--live', 'only with the memory of the running guest, or not at all')
    .option('--cold', 'only the disk: its clones boot')
    .option('--json', 'print the template as JSON')
    .addHelpText('after', '\nOf a running guest, its memory is taken along where that is possible: clones then run in a fraction of a second.\n\nExamples:\n  diptych template make linux\n  diptych template make linux web-server --title "Web server, ready"')
    .action(async (guest: string, name: string | undefined, { title, live, cold, json: asJson }: MakeOptions) => {
      if (live === true && cold === true) throw new CommandFailure(exitCodes.usage, '--live and --cold cannot be given together.', 'Choose one of them, or none for what is possible.')
      const kind = live === true ? 'live' : cold === true ? 'cold' : 'auto'
      const request = { guest: readGuestName(guest), kind, ...(name === undefined ? {} : { name: readGuestName(name) }), ...(title === undefined ? {} : { title }) } as const
      const made = await withHost(context, (client) => withTaskProgress(context, client, 'template', (signal) => client.template.make(request, { signal })))
      if (asJson === true) return terminal.print(json(made))
      const stood = made.pausedMs === null ? '' : `; ${guest} stood still for ${made.pausedMs} ms`
      terminal.say(`${made.name} is there, ${made.kind}${stood}. Clone it with: diptych clone ${made.name}`)
      if (made.note !== null) terminal.say(`Note: ${made.note}`)
    })
  template
    .command('delete')
    .description('delete a template for good; refused while guests stand on it')
    .argument('<name>', 'the template')
    .option('--json', 'print the bytes that were freed as JSON')
    .action(async (name: string, options: { json?: true }) => {
      const { freedBytes } = await withHost(context, (client) => client.template.delete({ name: readGuestName(name) }))
      if (options.json === true) terminal.print(json({ freedBytes }))
      else terminal.say(`${name} is gone; ${formatBytes(freedBytes)} are free again.`)
    })
}

function rowOf({ name, kind, memoryMiB, diskBytes, memoryBytes, clones, title }: TemplateView): string[] {
  return [name, kind, mebibytesInWords(memoryMiB), formatBytes(diskBytes + memoryBytes), clones.join(', ') || '-', title]
}
