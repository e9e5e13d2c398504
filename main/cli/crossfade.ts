import type { Command } from 'commander'
import { settingNames } from '../../src/contract/control.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { json } from './terminal.ts'
import { formatControl, readAmount } from './units.ts'
import { readGuestName } from './values.ts'

export function addCrossfadeCommand(program: Command, context: CliContext): void {
  program
    .command('crossfade')
    .description('divide the CPU and memory of two guests between them while they run')
    .argument('<guest>', 'who gets the rest')
    .argument('<other>', 'who gets the share')
    .argument('<share>', 'how much goes to the other guest, 0% to 100%')
    .option('--json', 'print what was moved, and how to take it back, as JSON')
    .addHelpText('after', '\nBoth stay within their own limits, and what they have together stays the same.\n\nExamples:\n  diptych crossfade linux windows 75%\n  diptych crossfade linux windows 50%')
    .action(async (first: string, second: string, text: string, options: { json?: true }) => {
      const [left, right] = [readGuestName(first), readGuestName(second)]
      if (left === right) throw new CommandFailure(exitCodes.usage, `${left} is named twice.`, 'Name two guests that run.')
      const share = readShare(text)
      const result = await withHost(context, (client) => client.guest.crossfade({ left, right, share, waitMs: 10_000 }, { signal: context.interrupted }))
      const { terminal } = context
      if (options.json) return terminal.print(json(result))
      for (const { guest, control, before, after } of result.moved) {
        const unit = result.guests.find(({ view }) => view.name === guest)?.view.controls[control].unit ?? 'percent'
        terminal.say(`${guest}: ${settingNames[control]} ${formatControl(after, unit)} instead of ${formatControl(before, unit)}`)
      }
      if (result.moved.length === 0) terminal.say('Nothing had to move.')
      for (const limit of result.limits) terminal.say(`It ends here: ${limit}.`)
    })
}

function readShare(text: string): number {
  const percent = readAmount(text, { '%': 1 })
  if (percent === null || percent > 100) throw new CommandFailure(exitCodes.usage, `"${text}" is not a share.`, 'Write 0% to 100%.')
  return percent / 100
}
