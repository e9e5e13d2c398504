import { resolve } from 'node:path'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { mebibytesInWords } from '../../src/contract/amount.ts'
import type { CreateFrom, CreateGuest, GuestProposal } from '../../src/contract/creation.ts'
import { Firmware, HardwareProfile } from '../../src/contract/hardware.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { readDiskSize } from './resize.ts'
import { withTaskProgress } from './task-progress.ts'
import { json, table } from './terminal.ts'
import { readGuestName, readMemory, readTitle } from './values.ts'

interface CreateOptions {
  readonly iso?: string
  readonly disk?: string
  readonly inPlace?: true
  readonly template?: string
  readonly empty?: true
  readonly title?: string
  readonly os?: string
  readonly memory?: number
  readonly cpus?: number
  readonly diskSize?: number
  readonly profile?: HardwareProfile
  readonly firmware?: Firmware
  readonly drivers?: string
  readonly internet?: true
  readonly plan?: true
  readonly start?: true
  readonly json?: true
}

export function addCreateCommand(program: Command, context: CliContext): void {
  program
    .command('create')
    .description('make a new guest: from an installation disc, a disk, a template, or empty')
    .argument('[name]', "the guest's name; default: after its system")
    .option('--iso <file>', 'an empty disk, and this disc in the drive to install from')
    .option('--disk <file>', 'a disk or machine from elsewhere, copied (see also: diptych import)')
    .option('--in-place', 'with --disk: leave the original where it is, never write to it')
    .option('--template <name>', 'a clone of that template, not started')
    .option('--empty', 'an empty disk and an empty drive')
    .option('--title <title>', 'what it is called in the window', readTitle)
    .option('--os <id>', 'its system, for what it needs (diptych os); default: read from the disc')
    .option('--memory <amount>', 'like 2GiB or 512MiB', readMemory)
    .option('--cpus <count>', 'virtual CPUs', readCount)
    .option('--disk-size <amount>', 'size of the new disk, like 20GiB; it takes room only as it fills', readDiskSize)
    .addOption(new Option('--profile <profile>', 'its hardware; default: what its system knows').choices(HardwareProfile.options))
    .addOption(new Option('--firmware <kind>', 'default: what its system wants').choices(Firmware.options))
    .option('--drivers <file>', 'a virtio-win disc: disk and network of a Windows guest are then virtio')
    .option('--internet', "a card to this computer's own network")
    .option('--plan', 'only say what would be made')
    .option('--start', 'start it when it is there')
    .option('--json', 'print the guest, or with --plan what it would be, as JSON')
    .addHelpText('after', '\nExamples:\n  diptych create --iso ~/Downloads/debian-12.iso --start\n  diptych create win11 --iso win11.iso --disk-size 80GiB --internet\n  diptych create lab --empty --memory 1GiB\n  diptych create web-2 --template web')
    .action(async (name: string | undefined, options: CreateOptions) => {
      const request = requestOf(name, options)
      const { terminal } = context
      if (options.plan) {
        const proposal = await withHost(context, (client) => client.guest.propose(request))
        return terminal.print(options.json ? json(proposal) : proposalTable(proposal))
      }
      const made = await withHost(context, async (client) => {
        const created = await withTaskProgress(context, client, request.from.kind === 'disk' ? 'import' : request.from.kind === 'template' ? 'clone' : 'create', (signal) => client.guest.create(request, { signal }))
        return options.start ? { ...created, guest: (await client.guest.start({ name: created.guest.view.name })).guest } : created
      })
      if (options.json) return terminal.print(json(made))
      for (const note of made.notes) terminal.say(`Note: ${note}`)
      const { view } = made.guest
      terminal.say(`${view.name} is there${view.os.name === 'unknown' ? '' : `: ${view.os.name}`}.${options.start ? '' : ` Start it with: diptych start ${view.name}`}`)
    })
}

function requestOf(name: string | undefined, options: CreateOptions): CreateGuest {
  const { title, os, memory, cpus, diskSize, profile, firmware, drivers, internet } = options
  return {
    from: fromOf(options),
    ...(name === undefined ? {} : { name: readGuestName(name) }),
    ...(title === undefined ? {} : { title }),
    ...(os === undefined ? {} : { system: os }),
    ...(memory === undefined ? {} : { memoryMiB: memory }),
    ...(cpus === undefined ? {} : { vcpus: cpus }),
    ...(diskSize === undefined ? {} : { diskMiB: diskSize }),
    ...(profile === undefined ? {} : { profile }),
    ...(firmware === undefined ? {} : { firmware }),
    ...(drivers === undefined ? {} : { driverDisc: resolve(drivers) }),
    ...(internet === true ? { uplink: true } : {}),
  }
}

function fromOf({ iso, disk, template, empty, inPlace }: CreateOptions): CreateFrom {
  const sources: CreateFrom[] = [
    ...(iso === undefined ? [] : [{ kind: 'iso', path: resolve(iso) } as const]),
    ...(disk === undefined ? [] : [{ kind: 'disk', source: { path: resolve(disk) }, mode: inPlace ? 'in-place' : 'copy' } as const]),
    ...(template === undefined ? [] : [{ kind: 'template', template: readGuestName(template) } as const]),
    ...(empty === undefined ? [] : [{ kind: 'empty' } as const]),
  ]
  const [only, ...more] = sources
  if (only === undefined || more.length > 0) {
    throw new CommandFailure(exitCodes.usage, only === undefined ? 'Say what to make it from.' : 'Only one thing to make it from can be given.', 'Give one of --iso, --disk, --template and --empty.')
  }
  if (inPlace && only.kind !== 'disk') throw new CommandFailure(exitCodes.usage, '--in-place goes with --disk.')
  return only
}

function proposalTable(proposal: GuestProposal): string {
  const { title, os, profile, firmware, vcpus, memoryMiB, diskMiB, notes } = proposal
  return table(
    ['name', proposal.name],
    [['title', title], ['system', os], ['hardware', `${profile}, ${firmware}`], ['cpus', String(vcpus)], ['memory', mebibytesInWords(memoryMiB)], ...(diskMiB === null ? [] : [['disk', mebibytesInWords(diskMiB)]]), ...notes.map((note) => ['note', note])],
  )
}

function readCount(text: string): number {
  if (!/^[1-9]\d?$/.test(text) || Number(text) > 64) throw new InvalidArgumentError('It must be a whole number from 1 to 64.')
  return Number(text)
}
