import type { Command } from 'commander'
import { withHost, type CliContext } from './context.ts'
import { formatLink } from './link-values.ts'
import { json, table } from './terminal.ts'

export function addPresetsCommand(program: Command, context: CliContext): void {
  program
    .command('presets')
    .description('list the links a guest can be given: LAN, DSL, 4G, …')
    .option('--json', 'print them as JSON')
    .addHelpText('after', '\nDelays are one way. Examples:\n  diptych presets\n  diptych set linux link.preset=4g')
    .action(async (options: { json?: true }) => {
      const presets = await withHost(context, (client) => client.network.presets())
      const rows = presets.map(({ name, title, up, tx, rx }) => [name, title, up ? formatLink({ requested: { tx, rx }, effective: { tx, rx }, preset: null }) : 'link down'])
      context.terminal.print(options.json ? json(presets) : table(['PRESET', 'TITLE', 'CONDITIONS'], rows))
    })
}
