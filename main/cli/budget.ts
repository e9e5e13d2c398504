import type { Command } from 'commander'
import type { BudgetShare } from '../../src/contract/host.ts'
import { withHost, type CliContext } from './context.ts'
import { json, table } from './terminal.ts'

export function addBudgetCommand(program: Command, context: CliContext): void {
  program
    .command('budget')
    .description('show what of this computer is promised to guests, in use, and free to promise')
    .option('--json', 'print it as JSON')
    .action(async (options: { json?: true }) => {
      const budget = await withHost(context, (client) => client.host.budget(undefined, { signal: context.interrupted }))
      const { terminal } = context
      if (options.json) return terminal.print(json(budget))
      const rows = [...rowsOf('memory', budget.memory, (value) => `${Math.round(value)}MiB`), ...rowsOf('cpu', budget.cpu, (value) => `${Math.round(value)}%`)]
      terminal.print(table(['', 'PROMISED', 'IN USE', 'LIMIT', 'RESERVE', 'FREE'], rows))
    })
}

function rowsOf(name: string, share: BudgetShare, format: (value: number) => string): string[][] {
  const guests = share.guests.map((guest) => [`  ${guest.guest}`, format(guest.promised), format(guest.inUse), '', '', ''])
  return [[name, format(share.promised), format(share.inUse), format(share.limit), format(share.reserve), format(share.free)], ...guests]
}
