import { join } from 'node:path'
import type { Command } from 'commander'
import type { KeynoteReport } from '../keynote/report.ts'
import { playKeynote } from '../keynote/scene.ts'
import type { CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { json, table } from './terminal.ts'
import { bringUp, untilSaved } from './up.ts'

/** How long each page may take to appear on the other's screen, by default: a cold start under emulation, twice over. */
const defaultPatienceSeconds = 240

interface KeynoteFlags {
  readonly headless?: true
  readonly cold?: true
  readonly keep?: true
  readonly json?: true
  readonly screenshots?: string
  readonly patience: string
}

export function addKeynoteCommand(program: Command, context: CliContext): void {
  program
    .command('keynote')
    .description('play the whole scene unattended and prove it: both guests, both pages seen on screen, three sliders')
    .option('--headless', 'open no window (the default: this command never opens one; run `diptych serve --open` beside it to watch)')
    .option('--cold', 'power the guests on instead of starting from a warm snapshot')
    .option('--keep', 'leave the guests running afterwards even if this command started them')
    .option('--screenshots <folder>', 'where to write the two screenshots')
    .option('--patience <seconds>', 'how long each page may take to appear on screen', String(defaultPatienceSeconds))
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nExit code 0 only if everything in the report is so, 1 otherwise.\n\nExamples:\n  diptych keynote --headless --json\n  diptych keynote --cold --keep')
    .action(async (flags: KeynoteFlags) => {
      const { terminal } = context
      const patienceMs = readPatience(flags.patience)
      const connection = await context.attach()
      try {
        const ran = (await connection.client.guest.list()).some((guest) => guest.view.state === 'running')
        await bringUp(connection.client, { boot: flags.cold ? 'cold' : 'auto', terminal, interrupted: context.interrupted })
        const report = await playKeynote(connection, {
          directory: flags.screenshots ?? join(context.directories.state, 'keynote'),
          ranBefore: ran,
          patienceMs,
          progress: (text) => terminal.say(text),
        })
        terminal.print(flags.json ? json(report) : summary(report))
        if (!ran) await untilSaved(connection.client, terminal, context.interrupted)
        if (!ran && flags.keep === undefined) await connection.client.stage.down({ mode: 'graceful' })
        if (!report.ok) throw new CommandFailure(exitCodes.no, `Not everything is so: ${report.failures.join('; ')}.`)
      } finally {
        connection.close()
      }
    })
}

function readPatience(text: string): number {
  const seconds = Number(text)
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 3_600) return seconds * 1_000
  throw new CommandFailure(exitCodes.usage, `--patience takes 1 to 3600 seconds; "${text}" is not that.`)
}

function summary(report: KeynoteReport): string {
  const milliseconds = (value: number | null) => (value === null ? 'ran before' : `${value} ms`)
  return [
    `accelerator: ${report.accelerator.kind} (${report.accelerator.reason})`,
    table(
      ['GUEST', 'OPERATING SYSTEM', 'BOOT', 'WEB SERVER', 'SCREEN'],
      report.guests.map((guest) => [guest.name, guest.os === null ? 'did not tell' : guest.os.name, guest.boot ?? '', milliseconds(guest.powerOnToWebMs), milliseconds(guest.powerOnToScreenMs)]),
    ),
    table(
      ['DIRECTION', 'STATUS', 'TIME', 'SEEN ON SCREEN', 'IN THE LOG'],
      report.web.map((each) => [`${each.from} -> ${each.to}`, String(each.status), `${each.milliseconds} ms`, each.seenOnScreen ? 'yes' : 'NO', each.inAccessLog ? 'yes' : 'NO']),
    ),
    table(
      ['SLIDER', 'REQUESTED', 'EFFECTIVE'],
      report.sliders.map((each) => [`${each.guest} ${each.control}`, `${each.requested} ${each.unit}`, `${each.effective} ${each.unit}${each.followed ? '' : ' (NOT FOLLOWED)'}`]),
    ),
    ...report.screenshots,
  ].join('\n\n')
}
