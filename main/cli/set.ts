import { isDeepStrictEqual } from 'node:util'
import { InvalidArgumentError, type Command } from 'commander'
import { ControlName, settingNames } from '../../src/contract/control.ts'
import { withHost, type CliContext } from './context.ts'
import { formatLink } from './link-values.ts'
import { json } from './terminal.ts'
import { formatControl } from './units.ts'
import { readChange, readGuestName, settings } from './values.ts'

export function addSetCommand(program: Command, context: CliContext): void {
  program
    .command('set')
    .description("move a guest's sliders while it runs")
    .argument('<guest>', 'the guest')
    .argument('<setting=value...>', 'one or more settings')
    .option('--wait <seconds>', 'how long to wait for memory and vCPUs to follow', readWait, 10)
    .option('--force', 'also beyond what this computer has left to promise')
    .option('--json', 'print requested and effective values as JSON')
    .addHelpText('after', `\nSettings:\n  ${Object.values(settings).join('\n  ')}\n\nExamples:\n  diptych set linux memory=384MiB cpu=50%\n  diptych set linux vcpus=2 cpu.weight=200 disk.iops=500 disk.bandwidth=20MB/s\n  diptych set linux priority=star\n  diptych set windows link=down\n  diptych set linux link.preset=4g\n  diptych set linux link=10Mbit link.latency=40ms link.loss=1%`)
    .action(async (name: string, assignments: string[], options: { wait: number; force?: true; json?: true }) => {
      const guest = readGuestName(name)
      const change = readChange(assignments)
      const answer = await withHost(context, (client) => client.guest.set({ name: guest, change, waitMs: options.wait * 1000, force: options.force === true }, { signal: context.interrupted }))
      const { terminal } = context
      if (options.json) return terminal.print(json(answer))
      for (const control of ControlName.options) {
        const result = answer.results[control]
        if (result === undefined) continue
        const { unit } = answer.guest.view.controls[control]
        const note = result.note === null ? '' : `: ${result.note}`
        terminal.say(`${guest}: ${settingNames[control]} asked ${formatControl(result.requested, unit)}, in force ${formatControl(result.effective, unit)} (${result.status}${note})`)
      }
      const { linkUp, link } = answer.guest.view.network
      if (change.link !== undefined) terminal.say(`${guest}: link asked ${formatLink(link)}${isDeepStrictEqual(link.requested, link.effective) ? ', in force' : `, in force ${formatLink({ ...link, requested: link.effective, preset: null })}`}`)
      if (change.linkUp !== undefined || change.link?.preset !== undefined) terminal.say(`${guest}: link ${linkUp ? 'up' : 'down'}`)
    })
}

function readWait(text: string): number {
  const seconds = Number(text)
  if (!/^\d+$/.test(text) || seconds > 60) throw new InvalidArgumentError('It must be a whole number of seconds from 0 to 60.')
  return seconds
}
