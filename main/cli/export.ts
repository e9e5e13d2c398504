import { extname, resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { ExportFormat } from '../../src/contract/image.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { withTaskProgress } from './task-progress.ts'
import { json } from './terminal.ts'
import { formatBytes } from './units.ts'
import { readGuestName } from './values.ts'

interface ExportOptions {
  readonly format?: ExportFormat
  readonly compress?: true
  readonly replace?: true
  readonly json?: true
}

export function addExportCommand(program: Command, context: CliContext): void {
  program
    .command('export')
    .description("write a guest's disk, or the whole machine, for another hypervisor")
    .argument('<guest>')
    .argument('<file>', 'where to write; its suffix names the format unless --format does')
    .addOption(new Option('--format <format>', 'ova is the machine, the others are its disk').choices(ExportFormat.options))
    .option('--compress', 'a smaller qcow2, which takes longer')
    .option('--replace', 'overwrite a file that is there')
    .option('--json', 'print what was written as JSON')
    .addHelpText('after', '\nWhat is written stands alone. A guest that runs goes on; its disk is written as it was at one instant.\nCtrl+C cancels and leaves nothing behind.\n\nExamples:\n  diptych export linux linux.ova\n  diptych export linux /mnt/backup/linux.qcow2 --compress\n  diptych export linux disk.bin --format raw')
    .action(async (guest: string, file: string, options: ExportOptions) => {
      const name = readGuestName(guest)
      const format = options.format ?? formatOf(file)
      const request = { name, path: resolve(file), format, compress: options.compress ?? false, replace: options.replace ?? false }
      const done = await withHost(context, (client) => withTaskProgress(context, client, 'export', (signal) => client.image.export(request, { signal })))
      for (const warning of done.warnings) context.terminal.say(`Note: ${warning}`)
      if (options.json === true) context.terminal.print(json(done))
      else context.terminal.say(`${done.path}: ${done.format}, ${formatBytes(done.fileBytes)} for a disk of ${formatBytes(done.virtualBytes)}${done.takenAt === null ? '' : `, as it was at ${new Date(done.takenAt).toLocaleString('sv-SE')}`}.`)
    })
}

const suffixes: Readonly<Record<string, ExportFormat>> = { '.img': 'raw', '.vpc': 'vhd' }

function formatOf(file: string): ExportFormat {
  const suffix = extname(file).toLowerCase()
  const format = ExportFormat.safeParse(suffixes[suffix] ?? suffix.slice(1))
  if (format.success) return format.data
  throw new CommandFailure(exitCodes.usage, `"${file}" does not say in which format it is to be.`, `Add --format with one of: ${ExportFormat.options.join(', ')}.`)
}
