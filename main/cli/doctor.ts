import type { Command } from 'commander'
import type { Check } from '../../src/contract/host.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { json, type Style } from './terminal.ts'

const marks: Readonly<Record<Check['status'], readonly [string, Style]>> = { ok: ['ok     ', 'good'], warning: ['warning', 'warn'], failure: ['FAILURE', 'bad'] }

export function addDoctorCommand(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .description('check everything Diptych needs and say how to mend what is missing')
    .option('--json', 'print the checks as JSON')
    .addHelpText('after', '\nExit code 1 when a check fails; warnings do not count.')
    .action(async (options: { json?: true }) => {
      const checks = await withHost(context, (client) => client.host.doctor())
      const { terminal } = context
      if (options.json) terminal.print(json(checks))
      else
        for (const check of checks) {
          const [mark, style] = marks[check.status]
          terminal.print(`${terminal.style(style, mark)}  ${check.title}: ${check.detail}`)
          if (check.remedy !== null) terminal.print(`         -> ${check.remedy}`)
        }
      const failures = checks.filter((check) => check.status === 'failure').length
      if (failures > 0) throw new CommandFailure(exitCodes.no, `${failures} of ${checks.length} checks failed.`)
    })
}
