import type { Command } from 'commander'
import type { Client } from '../../src/contract/connection.ts'
import type { GuestUpdate } from '../../src/contract/guest.ts'
import type { GuestName } from '../../src/contract/names.ts'
import { withHost, type CliContext } from './context.ts'
import { json } from './terminal.ts'
import { readGuestName } from './values.ts'

export interface GuestActionSpec<O> {
  readonly verb: string
  readonly description: string
  readonly help: string
  readonly options?: (command: Command) => Command
  readonly act: (client: Client, name: GuestName, options: O, signal: AbortSignal) => Promise<{ outcome: 'done' | 'already'; guest: GuestUpdate }>
}

/** A verb that acts on one or more guests, one after the other, and says what became of each. */
export function addGuestAction<O extends object>(program: Command, context: CliContext, spec: GuestActionSpec<O>): void {
  const command = program.command(spec.verb).description(spec.description).argument('<guest...>', 'the guests, by name')
  ;(spec.options?.(command) ?? command)
    .option('--json', 'print the results as JSON')
    .addHelpText('after', `\n${spec.help}`)
    .action(async (names: string[], options: O & { json?: true }) => {
      const guests = names.map(readGuestName)
      const results = await withHost(context, async (client) => {
        const done = []
        for (const name of guests) {
          const result = await spec.act(client, name, options, context.interrupted)
          const { state } = result.guest.view
          if (!options.json) context.terminal.say(result.outcome === 'already' ? `${name} was ${state} already.` : `${name} is ${state}.`)
          done.push(result)
        }
        return done
      })
      if (options.json) context.terminal.print(json(results))
    })
}
