import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { json } from './terminal.ts'
import { readGuestName } from './values.ts'

export function addScreenshotCommand(program: Command, context: CliContext): void {
  program
    .command('screenshot')
    .description("save a guest's screen as PNG")
    .argument('<guest>', 'the guest')
    .option('-o, --output <file>', 'where to (default: <guest>.png here)')
    .option('--json', 'print path and size as JSON')
    .addHelpText('after', '\nExample:\n  diptych screenshot linux -o before.png')
    .action(async (name: string, options: { output?: string; json?: true }) => {
      const guest = readGuestName(name)
      const { png, width, height } = await withHost(context, (client) => client.guest.screenshot({ name: guest }))
      const path = options.output ?? `${guest}.png`
      await writeFile(path, Buffer.from(png, 'base64')).catch((error: unknown) => {
        throw new CommandFailure(exitCodes.failed, `The screenshot could not be written: ${error instanceof Error ? error.message : String(error)}.`, 'Choose another file with --output.', error)
      })
      if (options.json) context.terminal.print(json({ path, width, height }))
      else context.terminal.say(`${path} (${width}x${height})`)
    })
}
