import type { Command } from 'commander'
import type { EditPlan, GuestSettingsView } from '../../src/contract/guest-settings.ts'
import { withHost, type CliContext } from './context.ts'
import { editable, keyOf, readSettings } from './edit-values.ts'
import { json, table } from './terminal.ts'
import { formatBytes, formatControl } from './units.ts'
import { readGuestName } from './values.ts'

const effects = { live: 'at once', 'next-boot': 'at its next start', refused: 'not possible' } as const

export function addEditCommand(program: Command, context: CliContext): void {
  program
    .command('edit')
    .description("change a guest's settings; without any, show them")
    .argument('<guest>', 'the guest')
    .argument('[field=value...]', 'what to change')
    .option('--plan', 'only say what each change would do')
    .option('--json', 'print the settings, or what was changed and when it applies, as JSON')
    .addHelpText('after', `\nAll changes are made or none.\n\nFields:\n  ${Object.values(editable).join('\n  ')}\n\nExamples:\n  diptych edit web memory=2GiB cpus=2\n  diptych edit web cdrom=~/Downloads/tools.iso\n  diptych edit web cdrom=none\n  diptych edit web name=web-old --plan`)
    .action(async (name: string, assignments: string[], options: { plan?: true; json?: true }) => {
      const guest = readGuestName(name)
      const { terminal } = context
      if (assignments.length === 0) {
        const settings = await withHost(context, (client) => client.guest.settings({ name: guest }))
        return terminal.print(options.json ? json(settings) : settingsTable(settings))
      }
      const changes = readSettings(assignments, process.cwd())
      if (options.plan) {
        const plan = await withHost(context, (client) => client.guest.planEdit({ name: guest, changes }))
        return terminal.print(options.json ? json(plan) : planTable(plan))
      }
      const edited = await withHost(context, (client) => client.guest.edit({ name: guest, changes }))
      if (options.json) return terminal.print(json(edited))
      if (edited.plan.changes.length === 0) terminal.say(`${guest} is that way already.`)
      for (const { field, from, to, when, note } of edited.plan.changes) terminal.say(`${edited.guest.view.name}: ${keyOf(field)} ${from} -> ${to}, ${effects[when]}.${note === null ? '' : ` ${note}`}`)
    })
}

function planTable(plan: EditPlan): string {
  return table(['FIELD', 'NOW', 'THEN', 'WHEN', 'NOTE'], plan.changes.map(({ field, from, to, when, note }) => [keyOf(field), from, to, effects[when], note ?? '']))
}

function settingsTable({ settings, path, origin, disk }: GuestSettingsView): string {
  const rows = Object.entries(settings).flatMap(([field, value]): string[][] => {
    if (field === 'name' || field === 'parameters') return []
    if (field === 'screen') return [['screen', `${settings.screen.width}x${settings.screen.height}`]]
    if (field === 'memoryMiB') return [['memory', formatControl(settings.memoryMiB, 'MiB')]]
    return [[keyOf(field), value === null ? 'none' : value === true ? 'on' : value === false ? 'off' : String(value)]]
  })
  const mebibyte = 1_048_576
  return table(
    ['name', settings.name],
    [
      ...rows,
      ...(disk === null ? [] : [['disk', `${formatBytes(disk.virtualMiB * mebibyte)}, uses ${formatBytes(disk.usedMiB * mebibyte)}`]]),
      ['made from', origin.name === null ? 'a disk of its own' : `${origin.kind} ${origin.name}`],
      ['file', path],
    ],
  )
}
