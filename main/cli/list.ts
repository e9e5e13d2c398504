import type { Command } from 'commander'
import { withHost, type CliContext } from './context.ts'
import { json, table, type Style } from './terminal.ts'
import type { GuestState } from '../../src/contract/guest.ts'

const styles: Partial<Record<GuestState, Style>> = { running: 'good', failed: 'bad', paused: 'warn', starting: 'warn', stopping: 'warn', stopped: 'quiet', defined: 'quiet' }

export function addListCommand(program: Command, context: CliContext): void {
  program
    .command('list')
    .alias('ls')
    .description('list the guests with their state and address')
    .option('--json', 'print the guests as JSON')
    .action(async (options: { json?: true }) => {
      const guests = await withHost(context, (client) => client.guest.list())
      const { terminal } = context
      if (options.json) return terminal.print(json(guests))
      if (guests.length === 0) return terminal.say('There are no guests yet. `diptych up` makes the two demonstration guests.')
      const rows = guests.map(({ view }) => [view.name, view.state, view.network.ipv4 ?? '-', view.agent, view.network.linkUp ? 'up' : 'down', view.title])
      const [header = '', ...lines] = table(['NAME', 'STATE', 'ADDRESS', 'AGENT', 'LINK', 'TITLE'], rows).split('\n')
      terminal.print(terminal.style('quiet', header))
      lines.forEach((line, index) => {
        const state = guests[index]?.view.state
        const style = state === undefined ? undefined : styles[state]
        terminal.print(state === undefined || style === undefined ? line : line.replace(` ${state}`, ` ${terminal.style(style, state)}`))
      })
    })
}
