import { InvalidArgumentError, type Command } from 'commander'
import { mebibytesInWords } from '../../src/contract/amount.ts'
import { DiskMiB } from '../../src/contract/guest-settings.ts'
import { withHost, type CliContext } from './context.ts'
import { json } from './terminal.ts'
import { readAmount } from './units.ts'
import { readGuestName } from './values.ts'

export function addResizeCommand(program: Command, context: CliContext): void {
  program
    .command('resize')
    .description("make a stopped guest's disk larger")
    .argument('<guest>', 'the guest')
    .argument('<size>', 'its new size, like 40GiB', readDiskSize)
    .option('--json', "print the guest's settings as JSON")
    .addHelpText('after', '\nA disk never shrinks. The system in it has to grow its partitions and file systems itself.\n\nExample:\n  diptych resize web 40GiB')
    .action(async (name: string, diskMiB: number, options: { json?: true }) => {
      const guest = readGuestName(name)
      const settings = await withHost(context, (client) => client.guest.growDisk({ name: guest, diskMiB }))
      if (options.json) context.terminal.print(json(settings))
      else context.terminal.say(`The disk of ${guest} has ${mebibytesInWords(settings.disk?.virtualMiB ?? diskMiB)} now.`)
    })
}

/** A disk's size as typed, in MiB. */
export function readDiskSize(text: string): number {
  const amount = readAmount(text, { MiB: 1, GiB: 1024, TiB: 1_048_576 })
  if (amount === null || !Number.isInteger(amount) || amount === 0) throw new InvalidArgumentError('Write it like 20GiB; whole MiB.')
  const bound = DiskMiB.safeParse(amount).error?.issues[0]?.message
  if (bound !== undefined) throw new InvalidArgumentError(`A disk has ${bound}.`)
  return amount
}
