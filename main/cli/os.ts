import { resolve } from 'node:path'
import type { Command } from 'commander'
import { mebibytesInWords } from '../../src/contract/amount.ts'
import { withHost, type CliContext } from './context.ts'
import { CommandFailure, exitCodes } from './exit-code.ts'
import { json, table } from './terminal.ts'

/** `diptych os`: the systems a guest can be made for, and the one on a disc. */
export function addOsCommand(program: Command, context: CliContext): void {
  program
    .command('os')
    .description('list the operating systems known by name, or say which one is on a disc')
    .argument('[words...]', 'only those with these words in their name or id')
    .option('--iso <file>', 'the system on this disc instead')
    .option('--json', 'print them as JSON')
    .addHelpText('after', '\nExamples:\n  diptych os debian\n  diptych os --iso ~/Downloads/unknown.iso')
    .action(async (words: string[], { iso, json: asJson }: { iso?: string; json?: true }) => {
      const { terminal } = context
      if (iso !== undefined) {
        const found = await withHost(context, (client) => client.os.detect({ path: resolve(iso) }))
        if (asJson) terminal.print(json(found))
        else if (found.system !== null) terminal.print(`${found.system.id}: ${found.system.name}, ${found.resources.vcpus} CPUs, memory ${mebibytesInWords(found.resources.memoryMiB)}, disk ${mebibytesInWords(found.resources.diskMiB)}`)
        if (found.note !== null) terminal.say(found.note)
        if (found.system === null) throw new CommandFailure(exitCodes.no, 'No known system was recognised on it.')
        return
      }
      const { systems, note } = await withHost(context, (client) => client.os.list())
      const wanted = systems.filter(({ id, name }) => words.every((word) => `${id} ${name}`.toLowerCase().includes(word.toLowerCase())))
      if (asJson) return terminal.print(json(wanted))
      if (note !== null) terminal.say(note)
      if (wanted.length === 0) throw new CommandFailure(exitCodes.no, 'No system fits.')
      terminal.print(table(['ID', 'NAME', 'RELEASED', 'HARDWARE'], wanted.map(({ id, name, released, profile }) => [id, name, released === null ? '-' : String(released), profile])))
    })
}
