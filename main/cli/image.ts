import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { ImageReport } from '../../src/contract/image.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { json, table } from './terminal.ts'
import { formatBytes } from './units.ts'

export function addImageCommands(program: Command, context: CliContext): void {
  const image = program.command('image').description('disks, discs and machines from elsewhere')
  image
    .command('inspect')
    .description('say what a file is, by its content, and what importing it would make')
    .argument('<file>')
    .option('--raw', 'take a file in which nothing is recognised for a raw disk')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nReads headers only. Exit code 1 when it would be refused.')
    .action(async (file: string, options: { raw?: true; json?: true }) => {
      const report = await withHost(context, (client) => client.image.inspect({ source: { path: resolve(file) }, raw: options.raw ?? false }))
      if (options.json === true) context.terminal.print(json(report))
      else if (report.refusal === null) context.terminal.print(table(['', report.source], linesOf(report)))
      if (report.refusal !== null) throw new CommandFailure(exitCodes.no, `${report.source} is not imported: ${report.refusal.reason}.`, report.refusal.remedy)
    })
}

function linesOf({ what, machine, warnings }: ImageReport): [string, string][] {
  if (machine === null) return [['what', what]]
  return [
    ['what', what],
    ['would become', `${machine.name} (${machine.title})`],
    ['system', machine.os],
    ['hardware', `${machine.vcpus} CPU, ${machine.memoryMiB} MiB, ${machine.firmware}, ${machine.networks.length === 0 ? 'no network card' : `a network card on ${machine.networks.join(', ')}`}`],
    ...machine.disks.map((disk): [string, string] => ['disk', `${disk.file}: ${disk.format}, ${disk.variant}; ${formatBytes(disk.virtualBytes)}, ${formatBytes(disk.fileBytes)} in files`]),
    ...(machine.disc === null ? [] : [['disc', machine.disc] as [string, string]]),
    ...warnings.map((warning): [string, string] => ['note', warning]),
  ]
}
