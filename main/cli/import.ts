import { resolve } from 'node:path'
import { InvalidArgumentError, Option, type Command } from 'commander'
import type { ImportMode } from '../../src/contract/image.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { withTaskProgress } from './task-progress.ts'
import { json } from './terminal.ts'
import { readGuestName, readMemory, readTitle } from './values.ts'

interface ImportOptions {
  readonly name?: string
  readonly title?: string
  readonly inPlace?: true
  readonly move?: true
  readonly cpus?: number
  readonly memory?: number
  readonly firmware?: 'bios' | 'uefi'
  readonly raw?: true
  readonly start?: true
  readonly json?: true
}

export function addImportCommand(program: Command, context: CliContext): void {
  program
    .command('import')
    .description('make a guest of a disk, disc or machine from elsewhere')
    .argument('<file>', 'qcow2, raw, VMDK, VHD, VHDX, VDI, ISO, OVA or OVF; told by its content')
    .option('--name <name>', "the guest's name; default: from the file")
    .option('--title <title>', 'what it is called in the window', readTitle)
    .option('--in-place', 'leave the original where it is, never write to it; the guest writes to an overlay')
    .option('--move', "the original becomes the guest's disk and is gone from its place")
    .option('--cpus <count>', 'virtual CPUs', readCount)
    .option('--memory <amount>', 'like 2GiB or 512MiB', readMemory)
    .addOption(new Option('--firmware <kind>', 'default: as the machine or its partitions say').choices(['bios', 'uefi']))
    .option('--raw', 'take a file in which nothing is recognised for a raw disk')
    .option('--start', 'start it when it is there')
    .option('--json', 'print the guest and the warnings as JSON')
    .addHelpText('after', '\nBy default the disk is copied. Ctrl+C cancels and leaves nothing behind.\n\nExamples:\n  diptych import ~/Downloads/appliance.ova --start\n  diptych import /srv/disks/old-server.vmdk --in-place --name server\n  diptych image inspect unknown.img')
    .action(async (file: string, options: ImportOptions) => {
      const request = { source: { path: resolve(file) }, mode: modeOf(options), raw: options.raw ?? false, ...wishes(options) }
      const done = await withHost(context, async (client) => {
        const imported = await withTaskProgress(context, client, 'import', (signal) => client.image.import(request, { signal }))
        if (options.start !== true) return imported
        return { ...imported, guest: (await client.guest.start({ name: imported.guest.view.name })).guest }
      })
      for (const warning of done.warnings) context.terminal.say(`Note: ${warning}`)
      const { name, os, vcpus } = done.guest.view
      if (options.json === true) context.terminal.print(json(done))
      else context.terminal.say(`${name} is there: ${os.name}, ${vcpus} CPU${vcpus === 1 ? '' : 's'}.${options.start === true ? '' : ` Start it with: diptych start ${name}`}`)
    })
}

function wishes({ name, title, cpus, memory, firmware }: ImportOptions) {
  return {
    ...(name === undefined ? {} : { name: readGuestName(name) }),
    ...(title === undefined ? {} : { title }),
    ...(cpus === undefined ? {} : { vcpus: cpus }),
    ...(memory === undefined ? {} : { memoryMiB: memory }),
    ...(firmware === undefined ? {} : { firmware }),
  }
}

function modeOf({ inPlace, move }: ImportOptions): ImportMode {
  if (inPlace === true && move === true) throw new CommandFailure(exitCodes.usage, '--in-place and --move cannot be given together.', 'Choose one of them, or none for a copy.')
  return inPlace === true ? 'in-place' : move === true ? 'move' : 'copy'
}

function readCount(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 64.')
  return Number(text)
}
